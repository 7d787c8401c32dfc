"""Of all tests those are chosen that run every query between them."""

from tests.every_query import TESTS_EACH, Reached, choose


def test_each_query_is_run_by_as_many_tests_as_it_has_to_be() -> None:
    tests = [
        Reached(f"test_{n}.py::test", frozenset({"a", "b"}), 1.0) for n in range(TESTS_EACH + 2)
    ]
    assert len(choose(tests)) == TESTS_EACH


def test_a_query_of_one_test_alone_is_run_by_it() -> None:
    tests = [
        *(Reached(f"test_{n}.py::cheap", frozenset({"a"}), 0.1) for n in range(9)),
        Reached("test_slow.py::alone", frozenset({"a", "b"}), 60.0),
    ]
    chosen = {each.name for each in choose(tests)}
    assert "test_slow.py::alone" in chosen
    assert len(chosen) == TESTS_EACH + 1


def test_of_those_that_run_the_same_the_cheap_are_chosen() -> None:
    tests = [
        Reached("test_a.py::slow", frozenset({"a"}), 9.0),
        *(Reached(f"test_{n}.py::cheap", frozenset({"a"}), 0.1) for n in range(TESTS_EACH)),
    ]
    assert {each.seconds for each in choose(tests)} == {0.1}


def test_what_runs_anyway_is_not_chosen_and_counts() -> None:
    tests = [
        *(
            Reached(f"tests/database/test_{n}.py::test", frozenset({"a"}), 9.0)
            for n in range(TESTS_EACH)
        ),
        Reached("tests/chat/test_a.py::test", frozenset({"a"}), 0.1),
        Reached("tests/chat/test_b.py::test", frozenset({"b"}), 0.1),
    ]
    chosen = choose(tests, ["tests/database"])
    assert [each.name for each in chosen] == ["tests/chat/test_b.py::test"]


def test_a_test_that_runs_no_query_is_not_chosen() -> None:
    assert choose([Reached("test_a.py::test", frozenset(), 0.1)]) == []
