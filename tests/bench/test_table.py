"""The table of what was measured."""

from script.bench_measures.table import Row, table


def test_rows_line_up_and_compare() -> None:
    head, rule, *rows = table(
        [
            Row(name="requests", value=450, baseline=900, target="≤ 0.5", met=True),
            Row(name="late", value=2.345, unit="s", target="≤ 2 s", met=False),
            Row(name="never", value=float("nan"), baseline=0),
        ]
    ).splitlines()
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    assert cells == [
        ["requests", "900", "450", "0.50", "≤ 0.5", "yes"],
        ["late", "", "2.35 s", "", "≤ 2 s", "**no**"],
        ["never", "0", "never", "", "", ""],
    ]
    assert len({len(line) for line in (head, rule, *rows)}) == 1
