from sessionlab.nodes.stores.sessions import fingerprint, is_well_formed, new_id


def test_an_id_has_256_bits_and_never_comes_twice() -> None:
    ids = {new_id() for _ in range(2000)}
    assert len(ids) == 2000
    assert all(len(one) == 43 for one in ids)  # 43 characters of 6 bits each
    # Every character of the alphabet turns up in the first place: no part of an id is fixed.
    assert len({one[0] for one in ids}) == 64


def test_what_the_server_issues_is_well_formed_and_other_things_are_not() -> None:
    assert is_well_formed(new_id())
    for wrong in ("", "x", "a" * 42, "a" * 44, "a" * 42 + "=", "a" * 42 + "\n", "a" * 42 + "é"):
        assert not is_well_formed(wrong), wrong


def test_a_fingerprint_does_not_show_the_id() -> None:
    one = new_id()
    assert one not in fingerprint(one)
    assert fingerprint(one) == fingerprint(one) != fingerprint(new_id())
