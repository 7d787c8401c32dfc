"""What `make mutants` makes of a query, and of a rule."""

from pathlib import Path

import pytest

from tests.mutants import __main__, python, sql
from tests.mutants.planning import planner
from tests.mutants.references import is_along_a_reference
from tests.mutants.sql import Mutant
from tripsync.database.files import SQL
from tripsync.database.function_files import load_functions
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
    tell("who", zip(PRICES, PRICES, strict=True))
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


def test_a_function_is_wrong_in_its_body_alone() -> None:
    [are_blocked] = [each for each in load_functions(SQL) if each.name == "are_blocked"]
    made = {each.what: each for each in sql.mutants_of_function(are_blocked)}
    assert len(made) == 3
    mutant = made["a condition lost: one_id = one"]
    assert mutant.where == "functions/people.are_blocked"
    wrong = "where (one_id = one or true) and other_id = other"
    assert sql.changed_function(mutant) == are_blocked.statements[0][1].replace(
        "where one_id = one and other_id = other", wrong
    )
    assert sql.changed_function(__main__.unchanged(mutant)) == ""
    called = __main__.callers("are_blocked")
    # By itself, and by way of a view.
    assert {"chat.find_partner", "chat.list_conversations"} <= called
    assert "sessions.end_session" not in called


def test_a_function_is_tried_by_what_asks_it_and_by_what_reaches_it() -> None:
    definitions = {each.name: each for each in load_functions(SQL)}
    mutant = next(sql.mutants_of_function(definitions["quiet_until"]))
    asks, reaches, other = (
        __main__.Reach(test, frozenset(queries), 0.1)
        for test, queries in (
            ("tests/notifications/test_quiet_hours.py::test_it", []),
            ("tests/notifications/test_pushing.py::test_it", ["push.ask_for_pushes"]),
            ("tests/auth/test_sessions.py::test_it", ["sessions.end_session"]),
        )
    )
    assert __main__.tests_of(mutant, [other, reaches, asks]) == [asks.test, reaches.test]


JOINS = """select
  from pool_members member
  {join}
  left join pools away on away.pool_id = member.pool_id
"""


@pytest.mark.parametrize(
    ("join", "loses_none"),
    [
        ("join users on users.user_id = member.user_id", True),
        (
            "join users rider on rider.college_id = member.college_id"
            " and member.user_id = rider.user_id",
            True,
        ),
        ("join users on users.user_id = member.user_id and users.banned_at is null", False),
        ("join pools on pools.pool_id = member.request_id", False),
        # Not every pool has a request of this number, nor every request a pool.
        ("join pool_members other on other.pool_id = member.pool_id", False),
        # It may be null.
        ("join pooling_requests r on true join users on users.user_id = r.replaced_by", False),
        ("left join pools at on true join colleges on colleges.college_id = at.college_id", False),
    ],
)
def test_a_join_along_a_foreign_key_loses_no_row(join: str, loses_none: bool) -> None:
    code = JOINS.format(join=join)
    start = code.rindex("join", 0, code.index("left join pools away"))
    assert is_along_a_reference(code, start, sql.end_of_join(code, start)) == loses_none


def test_what_is_planned_alike_or_not_at_all_is_not_tried(database_url: str) -> None:
    made = {__main__.name_of(each): each for each in __main__.every_mutant()}
    with planner(database_url) as asked:
        # The `where` asks for a subject.
        subject = "join users subject on subject.college_id = me.college_id"
        same = f"moderation.find_subject | a join weakened: {subject}"
        other = "moderation.find_subject | a condition lost: subject.user_id = :user_id"
        assert not asked.is_worth_a_test(made[same])
        assert asked.is_worth_a_test(made[other])
        blocked = "functions/people.are_blocked | a condition lost: one_id = one"
        assert asked.is_worth_a_test(made[blocked])
        no_sql = made[other]._replace(make=lambda: made[other].text.replace("subject.", "nobody."))
        assert not asked.is_worth_a_test(no_sql)


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
