"""What `archive verify` says."""

from collections.abc import Iterator
from dataclasses import dataclass

from offline_transfer.cli.watch import Watch
from offline_transfer.types import JsonObject
from offline_transfer.verify.archive import verify
from offline_transfer.verify.carried import Carried
from offline_transfer.verify.findings import Finding
from offline_transfer.verify.reader import Archive
from offline_transfer.verify.sums import Signature, SignaturePolicy, SignatureState


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was found, and how far one could see."""

    findings: list[Finding]
    signature: Signature
    has_manifest: bool
    is_encrypted: bool
    is_opened: bool
    """Whether there was a key to what is encrypted, so that the contents were checked."""

    @property
    def is_valid(self) -> bool:
        """Whether nothing is a fault."""
        return not any(finding.is_fault for finding in self.findings)

    def to_json(self) -> JsonObject:
        """As `--json` prints it."""
        return {
            "valid": self.is_valid,
            "encrypted": self.is_encrypted,
            "opened": self.is_opened,
            "signature": self.signature.state.value,
            "signed_by": None if self.signature.key is None else self.signature.key.fingerprint,
            "findings": [finding.to_json() for finding in self.findings],
        }

    def lines(self) -> Iterator[str]:
        """Sentences for people."""
        yield f"It is {'encrypted' if self.is_encrypted else 'not encrypted'}. {self._whose()}"
        if faults := sum(finding.is_fault for finding in self.findings):
            named = "1 fault" if faults == 1 else f"{faults:,} faults"
            yield f"{named}: do not import this archive. Copy what is named from where it was exported, or export again."
        elif not self.is_opened:
            yield "Every object is as SHA256SUMS says. What is in them can be checked with a key to the archive alone."
        else:
            yield (
                "The archive is as its manifest says." if self.has_manifest else "Nothing that can be checked is wrong."
            )

    def _whose(self) -> str:
        if self.signature.key is not None:
            return f"It is signed with {self.signature.key.name} ({self.signature.key.fingerprint})."
        if self.signature.state is SignatureState.UNSIGNED:
            return "It is not signed."
        return "It is signed, and none of the public keys that were given belongs to the signature."


def verify_opened(archive: Archive, policy: SignaturePolicy, watch: Watch) -> Verdict:
    """Check everything."""
    return Verdict(
        findings=list(verify(archive, signatures=policy, progress=lambda where: watch.say(where, ""))),
        signature=archive.signature(policy.keys),
        has_manifest=archive.has_manifest,
        is_encrypted=archive.is_encrypted,
        is_opened=True,
    )


def verify_carried(carried: Carried, policy: SignaturePolicy, watch: Watch) -> Verdict:
    """Check what can be checked from outside."""
    return Verdict(
        findings=list(carried.findings(policy, progress=lambda where: watch.say(where, ""))),
        signature=carried.signature(policy.keys),
        has_manifest=True,
        is_encrypted=True,
        is_opened=False,
    )
