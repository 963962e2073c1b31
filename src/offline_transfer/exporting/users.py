"""What is said about users: by themselves, or by the instance that they come from."""

from sqlalchemy import FromClause, case, func, select, true

from offline_transfer.contributions.models import SourceUser
from offline_transfer.forge.enums import UserType
from offline_transfer.forge.users import User


def known_users() -> FromClause:
    """All users. Who stands in for a user of another instance says what that user said, so that the next export says the same.

    The import user stands for many, and says its own. Where the source gave no name, the stand-in's own has to do: two users
    without any could not be told apart.
    """
    source = (
        select(SourceUser.id, SourceUser.source_name, SourceUser.source_username, SourceUser.source_public_email)
        .where(SourceUser.placeholder_user_id == User.id, User.user_type == UserType.placeholder)
        .order_by(SourceUser.id)
        .limit(1)
        .correlate(User)
        .lateral()
    )
    stands_in = source.c.id.is_not(None)
    return (
        select(
            User.id,
            func.coalesce(source.c.source_name, User.name).label("name"),
            func.coalesce(source.c.source_username, User.username).label("username"),
            case((stands_in, source.c.source_public_email), else_=User.public_email).label("public_email"),
        )
        .select_from(User)
        .outerjoin(source, true())
        .subquery()
    )
