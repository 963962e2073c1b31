"""Where a request may lead this instance."""

from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from offline_transfer.storage.egress import EgressPolicy
from offline_transfer.storage.errors import BucketInaccessibleError
from tests.attacks.making import archives
from tests.attacks.victim import Victim, assert_clean
from tests.storage.hostile import answering, response
from tests.support.s3 import S3Server

ENDPOINTS: Final = (
    "http://169.254.169.254",
    "http://[::ffff:169.254.169.254]",
    "http://[fd00:ec2::254]",
    "http://127.0.0.1:5432",
    "http://[::1]:5432",
    "http://0.0.0.0:5432",
    "http://10.0.0.1",
    "http://100.64.0.1",
    "http://named.example",
)
CLOSED: Final = EgressPolicy(allow_s3_compatible=True, allow_plain_http=True)


def metadata_service(host: str, port: int) -> list[tuple[str, int]]:
    """What an attacker's name server says of any name that is no address."""
    return [(host if host[0].isdigit() or ":" in host else "169.254.169.254", port)]


class TestA12Addresses:
    """A12: a request names a store that is the server itself, a neighbour, or what hands out credentials to it.

    It happened where GitLab looked at the beginning of an address, or resolved a name twice (reports of 2023, CVE-2022-0249).
    Defence: names are resolved once, and the connection goes to the very address that was checked. Addresses of this machine,
    of networks like this one and of clouds' own services are refused unless an administrator allows them; the last ones always.
    No redirect leads to another place.
    """

    def test_an_import_from_such_a_place_contacts_nobody(self, victim: Victim) -> None:
        for endpoint in ENDPOINTS:
            storage = S3Server(endpoint, "AKIATEST", "secret-of-the-tests").configuration("bucket")
            policy = replace(CLOSED, resolver=metadata_service)
            with pytest.raises(BucketInaccessibleError) as caught:
                victim.asks(storage, policy)
            assert "was not contacted" in caught.value.message, endpoint
            assert "secret-of-the-tests" not in caught.value.message
            assert_clean(caught.value.message)
        assert victim.witness.added() == {}

    def test_a_redirect_to_such_a_place_is_not_followed(self, victim: Victim) -> None:
        reached: list[bytes] = []
        with answering(response("200 OK", b"secret"), reached) as inner:
            location = f"Location: {inner.endpoint}/latest/meta-data\r\n".encode()
            moved = response("307 Temporary Redirect").replace(b"Connection: close", location + b"Connection: close")
            with answering(moved) as outer:
                storage = S3Server(outer.endpoint or "", "AKIATEST", "secret-of-the-tests").configuration("bucket")
                with pytest.raises(BucketInaccessibleError) as caught:
                    victim.asks(storage, replace(CLOSED, allow_loopback=True))
        assert reached == []
        assert_clean(caught.value.message)
        assert victim.witness.added() == {}

    def test_an_honest_place_is_reached(self, victim: Victim, tmp_path: Path) -> None:
        assert victim.imports(archives.honest(tmp_path)).status == 0
