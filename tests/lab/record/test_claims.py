from sessionlab.lab.record.claims import Claim, MoreThan, judge, share


def test_a_claim_holds_when_what_was_observed_is_what_was_expected() -> None:
    assert judge("text", [401, 401], [401, 401]) == Claim("text", "401, 401", "401, 401", True)


def test_a_claim_is_broken_when_what_was_observed_differs() -> None:
    claim = judge("text", share(12, 12, "recognised"), share(4, 12, "recognised"))
    assert not claim.holds
    assert (claim.expected, claim.observed) == ("12 of 12 recognised", "4 of 12 recognised")


def test_nothing_observed_is_not_taken_for_something() -> None:
    claim = judge("text", ["n1"], [])
    assert not claim.holds
    assert claim.observed == "none"


def test_a_bound_accepts_only_numbers_beyond_it() -> None:
    bound = MoreThan(66, "bytes")
    assert judge("bigger", bound, 67).holds
    assert not judge("bigger", bound, 66).holds
    assert not judge("bigger", bound, None).holds
    assert judge("bigger", bound, 67).expected == "more than 66 bytes"
