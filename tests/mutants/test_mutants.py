"""What `make mutants` makes of a query, and of a rule."""

from pathlib import Path

from tests.mutants import python, sql
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
        "and for or",
    ]
