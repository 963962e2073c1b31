"""Says what an import would do that somebody asks for, and does nothing."""

from offline_transfer.archive.keys import ExportPrefix
from offline_transfer.importing import destinations, places
from offline_transfer.importing.places import Reaching
from offline_transfer.importing.planning.choices import PlanOptions, Reading
from offline_transfer.importing.planning.making import make_plan
from offline_transfer.importing.planning.plan import Plan
from offline_transfer.importing.request import ImportRequest
from offline_transfer.transfers.places import require_allowed


def plan_import(context: Reaching, request: ImportRequest) -> Plan:
    """The plan of an import, to be answered soon: the hashes of objects are not compared.

    Whoever may not import there learns nothing of what is there. Raises what `create.create_import` raises before it looks at what
    is in the archive; all else stands in the plan.
    """
    require_allowed(request.storage, request.actor)
    prefix = ExportPrefix.parse(request.export_prefix)
    with context.database.session() as session:
        destinations.require_all(session, request.actor, destinations.named_in(request.wanted))
    with places.open_given(context, request.storage, prefix, request.decryption) as archive:
        options = PlanOptions(reading=Reading.LISTING, signers=request.signers, choices=request.choices)
        return make_plan(context.database, context.settings, archive, request.wanted, options)
