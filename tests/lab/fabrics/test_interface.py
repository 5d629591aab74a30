from sessionlab.lab.fabrics.interface import Address


def test_an_address_is_written_as_a_url_wants_it() -> None:
    assert Address("127.0.0.1", 80).url == "http://127.0.0.1:80"
    assert Address("::1", 80).url == "http://[::1]:80"
