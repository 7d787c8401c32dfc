import pytest

from tripsync.auth.fields import Email, admits


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


def test_addresses_of_a_campus_network_are_taken() -> None:
    assert Email.read("asha@mail.campus2") == "asha@mail.campus2"


def test_an_address_is_as_long_as_the_document_says() -> None:
    longest = Email.json_schema()["maxLength"]
    domain = ".".join(["campus" * 10] * 3) + ".example"
    assert Email.read(address_of(longest, domain)) == address_of(longest, domain)
    with pytest.raises(ValueError, match="must be an email address"):
        Email.read(address_of(longest + 1, domain))


def address_of(length: int, domain: str) -> str:
    return f"{'a' * (length - len(domain) - 1)}@{domain}"
