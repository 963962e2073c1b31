"""What the handlers of one application work with."""

from dataclasses import dataclass
from typing import Annotated, TypeAlias

from fastapi import Depends, Request

from offline_transfer.api.limiting import RateLimits
from offline_transfer.jobs.instance import Instance


@dataclass(frozen=True, slots=True)
class Service:
    """An instance, and who has asked how often."""

    instance: Instance
    limits: RateLimits


def _of_application(request: Request) -> Service:
    service = request.app.state.service
    assert isinstance(service, Service)
    return service


TheService: TypeAlias = Annotated[Service, Depends(_of_application)]
