import pytest

from tripsync.auth.fields import admits


@pytest.mark.parametrize(
    ("domains", "email", "taken"),
    [
        ([], "a@anywhere.example", True),
        (["x.edu"], "a@x.edu", True),
        (["x.edu"], "a@cs.x.edu", True),
        (["x.edu", "y.edu"], "a@y.edu", True),
        (["x.edu"], "a@X.EDU", True),
        (["x.edu"], "a@notx.edu", False),
        (["x.edu"], "a@x.edu.evil.example", False),
        (["x.edu"], "x.edu@evil.example", False),
    ],
)
def test_a_college_takes_addresses_of_its_domains_and_below(
    domains: list[str], email: str, taken: bool
) -> None:
    assert admits(domains, email) is taken
