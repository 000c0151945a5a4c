"""Which way leads to a vehicle (regions §3 to §5)."""

from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.vehicle.advisor import Advice, App, Model, Region, Verdict, Way, advise

OWN = (Way.OPENCARWINGS, Way.OVMS, Way.LEAFSPY)
HARDWARE = (Way.OVMS, Way.LEAFSPY)
NOT_NISSANS = set(OWN)

regions, models, apps = (st.sampled_from(kind) for kind in (Region, Model, App))
years = st.none() | st.integers()


@pytest.mark.parametrize(
    ("region", "model", "year", "app", "verdict", "ways"),
    [
        (Region.EUROPE, Model.LEAF, 2011, App.NONE, Verdict.CLOSED, OWN),
        (Region.EUROPE, Model.LEAF, 2018, App.NISSANCONNECT_EV, Verdict.CLOSED, OWN),
        (Region.EUROPE, Model.LEAF, 2019, App.NONE, Verdict.APP_DECIDES, (Way.EUROPE, *OWN)),
        (Region.EUROPE, Model.LEAF, 2019, App.NISSANCONNECT_EV, Verdict.CLOSED, OWN),
        (Region.EUROPE, Model.LEAF, 2019, App.MYNISSAN, Verdict.CLOUD, (Way.EUROPE,)),
        (Region.EUROPE, Model.LEAF, 2020, App.NISSANCONNECT_EV, Verdict.TRY_CLOUD, (Way.EUROPE, *HARDWARE)),
        (Region.EUROPE, Model.LEAF, 2021, App.MYNISSAN, Verdict.CLOUD, (Way.EUROPE,)),
        (Region.EUROPE, Model.LEAF, 2021, App.NONE, Verdict.TRY_CLOUD, (Way.EUROPE, *HARDWARE)),
        (Region.NORTH_AMERICA, Model.LEAF, 2021, App.NONE, Verdict.TRY_CLOUD, (Way.NORTH_AMERICA, *HARDWARE)),
        (Region.EUROPE, Model.LEAF, 2015, App.MYNISSAN, Verdict.CONTRADICTION, (Way.EUROPE, *OWN)),
        (Region.EUROPE, Model.E_NV200, 2020, App.MYNISSAN, Verdict.CONTRADICTION, (Way.EUROPE, *OWN)),
        (Region.EUROPE, Model.LEAF, None, App.NONE, Verdict.APP_DECIDES, (Way.EUROPE, *OWN)),
        (Region.EUROPE, Model.LEAF, None, App.NISSANCONNECT_EV, Verdict.CLOSED, OWN),
        (Region.EUROPE, Model.LEAF, None, App.MYNISSAN, Verdict.CLOUD, (Way.EUROPE,)),
        (Region.EUROPE, Model.COMBUSTION, None, App.NONE, Verdict.CLOUD, (Way.EUROPE,)),
        (Region.RUSSIA, Model.LEAF, 2020, App.NONE, Verdict.RUSSIA, HARDWARE),
        (Region.RUSSIA, Model.LEAF, 2015, App.NONE, Verdict.RUSSIA, OWN),
        (Region.RUSSIA, Model.LEAF, None, App.NISSANCONNECT_EV, Verdict.RUSSIA, OWN),
        (Region.RUSSIA, Model.E_NV200, 2018, App.NONE, Verdict.RUSSIA, OWN),
        (Region.RUSSIA, Model.ELECTRIC, 2023, App.NONE, Verdict.NOTHING, ()),
        (Region.AUSTRALIA, Model.LEAF, 2015, App.MYNISSAN, Verdict.CLOSED, OWN),
        (Region.EUROPE, Model.LEAF, 2026, App.NONE, Verdict.CLOUD, (Way.EUROPE,)),
        (Region.EUROPE, Model.E_NV200, 2022, App.NONE, Verdict.CLOSED, OWN),
        (Region.EUROPE, Model.ELECTRIC, 2022, App.NISSANCONNECT_EV, Verdict.CLOUD, (Way.EUROPE,)),
        (Region.EUROPE, Model.COMBUSTION, 2017, App.NONE, Verdict.NOTHING, ()),
        (Region.EUROPE, Model.COMBUSTION, 2017, App.MYNISSAN, Verdict.CONTRADICTION, (Way.EUROPE,)),
        (Region.EUROPE, Model.COMBUSTION, 2018, App.NONE, Verdict.CLOUD, (Way.EUROPE,)),
        (Region.NORTH_AMERICA, Model.COMBUSTION, 2016, App.NONE, Verdict.CLOUD, (Way.NORTH_AMERICA,)),
        (Region.NORTH_AMERICA, Model.LEAF, 2013, App.NONE, Verdict.CLOSED, OWN),
        (Region.NORTH_AMERICA, Model.LEAF, 2019, App.NONE, Verdict.APP_DECIDES, (Way.NORTH_AMERICA, *OWN)),
        (Region.JAPAN, Model.ELECTRIC, 2023, App.NONE, Verdict.CLOUD, (Way.JAPAN,)),
        (Region.AUSTRALIA, Model.LEAF, 2021, App.NONE, Verdict.UNPROVEN, (Way.EUROPE, Way.OVMS, Way.LEAFSPY)),
        (Region.AUSTRALIA, Model.COMBUSTION, 2021, App.MYNISSAN, Verdict.UNPROVEN, (Way.EUROPE,)),
        (Region.ELSEWHERE, Model.LEAF, 2019, App.NONE, Verdict.NO_CLOUD, OWN),
        (Region.ELSEWHERE, Model.LEAF, 2024, App.NONE, Verdict.NO_CLOUD, (Way.OVMS, Way.LEAFSPY)),
        (Region.ELSEWHERE, Model.LEAF, 2026, App.NONE, Verdict.NOTHING, ()),
        (Region.ELSEWHERE, Model.ELECTRIC, 2023, App.MYNISSAN, Verdict.NOTHING, ()),
    ],
)
def test_advice(
    region: Region, model: Model, year: int | None, app: App, verdict: Verdict, ways: tuple[Way, ...]
) -> None:
    assert advise(region, model, year, app) == Advice(verdict, ways)


@given(regions, models, years, apps)
def test_there_is_always_one_advice_and_no_way_only_with_no_hope(
    region: Region, model: Model, year: int | None, app: App
) -> None:
    advice = advise(region, model, year, app)
    assert (advice.verdict is Verdict.NOTHING) is (advice.ways == ())
    assert len(set(advice.ways)) == len(advice.ways)


@given(regions, models, years)
def test_an_app_that_works_comes_before_any_list(region: Region, model: Model, year: int | None) -> None:
    advice = advise(region, model, year, App.MYNISSAN)
    if region in (Region.EUROPE, Region.NORTH_AMERICA, Region.JAPAN):
        assert advice.ways[0] is Way(region)
        assert advice.verdict in (Verdict.CLOUD, Verdict.CONTRADICTION)


@given(regions, models, years)
def test_without_an_app_every_hardware_that_fits_is_named(region: Region, model: Model, year: int | None) -> None:
    ways = advise(region, model, year, App.NONE).ways
    if model in (Model.LEAF, Model.E_NV200) and (year is None or year <= 2025):
        assert {*HARDWARE} <= {*ways}
        assert (Way.OPENCARWINGS in ways) is (model is Model.E_NV200 or year is None or year <= 2019)


@given(regions, models, years, apps)
def test_nobody_is_sent_to_the_service_of_another_region(
    region: Region, model: Model, year: int | None, app: App
) -> None:
    clouds = set(advise(region, model, year, app).ways) - NOT_NISSANS
    assert clouds <= {Way.EUROPE if region is Region.AUSTRALIA else region.value}
