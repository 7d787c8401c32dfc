"""What `make mutants` makes of a query, and of a rule."""

from pathlib import Path

from tests.mutants import __main__, python, sql
from tests.mutants.sql import Mutant
from tripsync.database.sources import read_sources

QUERY = """-- name: end_stay(college_id, guest_id, since)$
-- Ends a stay: where it has begun, and not before.
update stays
   set ended_at = now()
 where college_id = :college_id
   and guest_id = :guest_id
   and (begun_at is null or begun_at < :since)
   and price between 1 and 5
returning stay_id;
"""

RULE = """
PRICES = {"child": "free", "adult": "all of it"}

@dataclass(frozen=True)
def may(age: int, known: bool) -> bool:
    tell("who")
    return age >= 18 and not known
"""


def test_a_query_loses_its_conditions_one_by_one(tmp_path: Path) -> None:
    file = tmp_path / "stays.sql"
    file.write_text(QUERY)
    [source] = read_sources(file)
    made = {each.what: each.text for each in sql.mutants_of(source)}
    assert set(made) == {
        "a condition lost: guest_id = :guest_id",
        "a condition lost: (begun_at is null or begun_at < :since)",
        "a condition lost: begun_at < :since",
        "a condition lost: price between 1 and 5",
        "turned round: and (begun_at is null or begun_at < :since)",
        "a boundary moved: and (begun_at is null or begun_at < :since)",
    }
    assert "and (guest_id = :guest_id or true)" in made["a condition lost: guest_id = :guest_id"]
    assert "or (begun_at < :since and false)" in made["a condition lost: begun_at < :since"]
    # All of them can be read, and take what the query takes.
    for text in made.values():
        file.write_text(text)
        [mutant] = read_sources(file)
        assert mutant.declared == source.declared


def test_a_rule_is_wrong_in_one_place_at_a_time(tmp_path: Path) -> None:
    file = tmp_path / "rules.py"
    file.write_text(RULE)
    kinds = [each.what.partition(":")[0] for each in python.mutants_of(file, "rules")]
    assert sorted(kinds) == [
        "a call left out",
        "a comparison moved",
        "a constant raised",
        "a not lost",
        "an entry left out",
        "an entry left out",
        "and for or",
    ]


def test_a_sample_changes_only_where_mutants_come_and_go() -> None:
    drawn = __main__.sample(many("queries") + many("tripsync.rules"), 8, seed=1)
    assert [each.where for each in drawn] == ["queries"] * 6 + ["tripsync.rules"] * 2
    others = [each for each in many("queries") if each not in drawn[1:]]
    redrawn = __main__.sample(others + many("tripsync.rules"), 8, seed=1)
    # The first is there still; of the others none came back.
    assert redrawn[0] == drawn[0]
    assert redrawn[6:] == drawn[6:]
    assert __main__.sample(many("queries"), 8, seed=1)[:6] == drawn[:6]
    assert __main__.sample(many("queries"), 8, seed=2)[:6] != drawn[:6]


def many(where: str) -> list[Mutant]:
    return [Mutant(where, f"a condition lost: {n}", str) for n in range(100)]


def test_what_nobody_could_notice_is_a_mutant_and_has_a_reason() -> None:
    made = {__main__.name_of(each) for each in __main__.every_mutant()}
    for name, reason in __main__.known_equivalents().items():
        assert name in made, f"{name!r} is no mutant any more: take it off the list"
        assert reason, f"why could nobody notice {name!r}?"
