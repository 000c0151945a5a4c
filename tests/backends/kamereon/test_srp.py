"""The proof of the PIN (kamereon-eu §11.3)."""

from hashlib import sha256

from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.backends.kamereon import remote_lock as srp
from tests.simulator import srp_server

PUBLISHED_SALT = bytes(range(10))
PUBLISHED_CLIENT_SECRET = int.from_bytes(bytes(range(0x01, 0x21)))
PUBLISHED_SERVER_SECRET = int.from_bytes(bytes(range(0x21, 0x41)))

pins = st.from_regex("[0-9]{4}", fullmatch=True)
salts = st.binary(min_size=srp.SALT_BYTES, max_size=srp.SALT_BYTES)
secrets = st.integers(1, 2 ** (8 * srp.SECRET_BYTES) - 1)
users = st.text(st.characters(codec="utf-8"), max_size=40)


def test_the_published_vector() -> None:
    user, pin, order = "synthetic-user", "1234", "SYNTHETICVIN/RLU/Lock"
    verifier = srp.verifier(user, pin, PUBLISHED_SALT)
    client_key = srp.public_key(PUBLISHED_CLIENT_SECRET)
    assert (
        sha256(bytes.fromhex(srp.padded_hex(verifier))).hexdigest()
        == "362638c4ee7f5f0639b0de5b68234ed342e148237de2a57d50c4d15d7b3fe923"
    )
    assert (
        sha256(bytes.fromhex(srp.padded_hex(client_key))).hexdigest()
        == "1deb90a9791476498029d9d5ef6b16021584b8f369c29140f551e502481c236e"
    )
    proof = srp.proof(
        user,
        pin,
        order=order,
        salt=PUBLISHED_SALT,
        secret=PUBLISHED_CLIENT_SECRET,
        server_key=srp_server.server_key(verifier, PUBLISHED_SERVER_SECRET),
    )
    assert proof == "94c4d6e6b06a724c8dffda642478672957039adb2979bc0fba6d6196bbe5ece6"


@given(user=users, pin=pins, wrong=pins, salt=salts, secret=secrets, server_secret=secrets, order=users)
def test_both_sides_agree_if_and_only_if_the_pin_is_right(
    user: str, pin: str, wrong: str, salt: bytes, secret: int, server_secret: int, order: str
) -> None:
    verifier = srp.verifier(user, pin, salt)
    server_key = srp_server.server_key(verifier, server_secret)
    expected = srp_server.expected_proof(
        user,
        order=order,
        salt=salt,
        verifier=verifier,
        secret=server_secret,
        client_key=srp.public_key(secret),
    )
    given_pin = srp.proof(user, pin, order=order, salt=salt, secret=secret, server_key=server_key)
    assert given_pin == expected
    other_pin = srp.proof(user, wrong, order=order, salt=salt, secret=secret, server_key=server_key)
    assert (other_pin == expected) is (wrong == pin)
    other_order = srp.proof(user, pin, order=f"{order}!", salt=salt, secret=secret, server_key=server_key)
    assert other_order != expected, "a proof to lock does not unlock"


@pytest.mark.parametrize("forged", [0, srp.N])
def test_a_key_that_would_not_depend_on_the_pin_is_refused(forged: int) -> None:
    with pytest.raises(ValueError, match="no key"):
        srp.proof("user", "1234", order="V/RLU/Lock", salt=PUBLISHED_SALT, secret=3, server_key=forged)


@given(st.integers(), st.integers(0, 2**600))
def test_powers(base: int, exponent: int) -> None:
    assert srp.power(base, exponent) == pow(base, exponent, srp.N)


@given(st.integers(0, 2**2048 - 1))
def test_numbers_are_sent_in_full_length(number: int) -> None:
    sent = srp.padded_hex(number)
    assert len(sent) == 512
    assert int(sent, 16) == number
