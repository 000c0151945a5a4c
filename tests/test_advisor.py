"""Which way leads to a vehicle (regions §3 to §5)."""

from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.flows.advisor import Advice, AdviceReason, App, Model, Territory, advise
from custom_components.nissanconnect.sources import Source

OWN = (Source.OPENCARWINGS, Source.OVMS, Source.LEAFSPY)
HARDWARE = (Source.OVMS, Source.LEAFSPY)
NOT_NISSANS = set(OWN)

regions, models, apps = (st.sampled_from(kind) for kind in (Territory, Model, App))
years = st.none() | st.integers()


@pytest.mark.parametrize(
    ("region", "model", "year", "app", "reason", "sources"),
    [
        (Territory.EUROPE, Model.LEAF, 2011, App.NONE, AdviceReason.CLOSED, OWN),
        (Territory.EUROPE, Model.LEAF, 2018, App.NISSANCONNECT_EV, AdviceReason.CLOSED, OWN),
        (Territory.EUROPE, Model.LEAF, 2019, App.NONE, AdviceReason.APP_DECIDES, (Source.EUROPE, *OWN)),
        (Territory.EUROPE, Model.LEAF, 2019, App.NISSANCONNECT_EV, AdviceReason.CLOSED, OWN),
        (Territory.EUROPE, Model.LEAF, 2019, App.MYNISSAN, AdviceReason.CLOUD, (Source.EUROPE,)),
        (Territory.EUROPE, Model.LEAF, 2020, App.NISSANCONNECT_EV, AdviceReason.TRY_CLOUD, (Source.EUROPE, *HARDWARE)),
        (Territory.EUROPE, Model.LEAF, 2021, App.MYNISSAN, AdviceReason.CLOUD, (Source.EUROPE,)),
        (Territory.EUROPE, Model.LEAF, 2021, App.NONE, AdviceReason.TRY_CLOUD, (Source.EUROPE, *HARDWARE)),
        (
            Territory.NORTH_AMERICA,
            Model.LEAF,
            2021,
            App.NONE,
            AdviceReason.TRY_CLOUD,
            (Source.NORTH_AMERICA, *HARDWARE),
        ),
        (Territory.EUROPE, Model.LEAF, 2015, App.MYNISSAN, AdviceReason.CONTRADICTION, (Source.EUROPE, *OWN)),
        (Territory.EUROPE, Model.E_NV200, 2020, App.MYNISSAN, AdviceReason.CONTRADICTION, (Source.EUROPE, *OWN)),
        (Territory.EUROPE, Model.LEAF, None, App.NONE, AdviceReason.APP_DECIDES, (Source.EUROPE, *OWN)),
        (Territory.EUROPE, Model.LEAF, None, App.NISSANCONNECT_EV, AdviceReason.CLOSED, OWN),
        (Territory.EUROPE, Model.LEAF, None, App.MYNISSAN, AdviceReason.CLOUD, (Source.EUROPE,)),
        (Territory.EUROPE, Model.COMBUSTION, None, App.NONE, AdviceReason.CLOUD, (Source.EUROPE,)),
        (Territory.RUSSIA, Model.LEAF, 2020, App.NONE, AdviceReason.RUSSIA, HARDWARE),
        (Territory.RUSSIA, Model.LEAF, 2015, App.NONE, AdviceReason.RUSSIA, OWN),
        (Territory.RUSSIA, Model.LEAF, None, App.NISSANCONNECT_EV, AdviceReason.RUSSIA, OWN),
        (Territory.RUSSIA, Model.E_NV200, 2018, App.NONE, AdviceReason.RUSSIA, OWN),
        (Territory.RUSSIA, Model.ELECTRIC, 2023, App.NONE, AdviceReason.NOTHING, ()),
        (Territory.AUSTRALIA, Model.LEAF, 2015, App.MYNISSAN, AdviceReason.CLOSED, OWN),
        (Territory.EUROPE, Model.LEAF, 2026, App.NONE, AdviceReason.CLOUD, (Source.EUROPE,)),
        (Territory.EUROPE, Model.E_NV200, 2022, App.NONE, AdviceReason.CLOSED, OWN),
        (Territory.EUROPE, Model.ELECTRIC, 2022, App.NISSANCONNECT_EV, AdviceReason.CLOUD, (Source.EUROPE,)),
        (Territory.EUROPE, Model.COMBUSTION, 2017, App.NONE, AdviceReason.NOTHING, ()),
        (Territory.EUROPE, Model.COMBUSTION, 2017, App.MYNISSAN, AdviceReason.CONTRADICTION, (Source.EUROPE,)),
        (Territory.EUROPE, Model.COMBUSTION, 2018, App.NONE, AdviceReason.CLOUD, (Source.EUROPE,)),
        (Territory.NORTH_AMERICA, Model.COMBUSTION, 2016, App.NONE, AdviceReason.CLOUD, (Source.NORTH_AMERICA,)),
        (Territory.NORTH_AMERICA, Model.LEAF, 2013, App.NONE, AdviceReason.CLOSED, OWN),
        (Territory.NORTH_AMERICA, Model.LEAF, 2019, App.NONE, AdviceReason.APP_DECIDES, (Source.NORTH_AMERICA, *OWN)),
        (Territory.JAPAN, Model.ELECTRIC, 2023, App.NONE, AdviceReason.CLOUD, (Source.JAPAN,)),
        (Territory.AUSTRALIA, Model.LEAF, 2021, App.NONE, AdviceReason.UNPROVEN, (Source.EUROPE, *HARDWARE)),
        (Territory.AUSTRALIA, Model.COMBUSTION, 2021, App.MYNISSAN, AdviceReason.UNPROVEN, (Source.EUROPE,)),
        (Territory.ELSEWHERE, Model.LEAF, 2019, App.NONE, AdviceReason.NO_CLOUD, OWN),
        (Territory.ELSEWHERE, Model.LEAF, 2024, App.NONE, AdviceReason.NO_CLOUD, HARDWARE),
        (Territory.ELSEWHERE, Model.LEAF, 2026, App.NONE, AdviceReason.NOTHING, ()),
        (Territory.ELSEWHERE, Model.ELECTRIC, 2023, App.MYNISSAN, AdviceReason.NOTHING, ()),
    ],
)
def test_advice(
    region: Territory, model: Model, year: int | None, app: App, reason: AdviceReason, sources: tuple[Source, ...]
) -> None:
    assert advise(region, model, year, app) == Advice(reason, sources)


@given(regions, models, years, apps)
def test_there_is_always_one_advice_and_no_way_only_with_no_hope(
    region: Territory, model: Model, year: int | None, app: App
) -> None:
    advice = advise(region, model, year, app)
    assert (advice.reason is AdviceReason.NOTHING) is (advice.sources == ())
    assert len(set(advice.sources)) == len(advice.sources)


@given(regions, models, years)
def test_an_app_that_works_comes_before_any_list(region: Territory, model: Model, year: int | None) -> None:
    advice = advise(region, model, year, App.MYNISSAN)
    if region in (Territory.EUROPE, Territory.NORTH_AMERICA, Territory.JAPAN):
        assert advice.sources[0] is Source(region)
        assert advice.reason in (AdviceReason.CLOUD, AdviceReason.CONTRADICTION)


@given(regions, models, years)
def test_without_an_app_every_hardware_that_fits_is_named(region: Territory, model: Model, year: int | None) -> None:
    sources = advise(region, model, year, App.NONE).sources
    if model in (Model.LEAF, Model.E_NV200) and (year is None or year <= 2025):
        assert {*HARDWARE} <= {*sources}
        assert (Source.OPENCARWINGS in sources) is (model is Model.E_NV200 or year is None or year <= 2019)


@given(regions, models, years, apps)
def test_nobody_is_sent_to_the_service_of_another_region(
    region: Territory, model: Model, year: int | None, app: App
) -> None:
    clouds = set(advise(region, model, year, app).sources) - NOT_NISSANS
    assert clouds <= {Source.EUROPE if region is Territory.AUSTRALIA else region.value}
