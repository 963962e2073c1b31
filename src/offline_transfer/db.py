"""The database: the models' base class, engines and sessions, and the check that the schema is ours.

Addresses go to libpq as they are, so whatever `psql` accepts is accepted. A password is in no message of this module.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import psycopg
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import BigInteger, ColumnElement, DateTime, Engine, MetaData, Text, create_engine, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

from offline_transfer import embedded
from offline_transfer.errors import DatabaseError
from offline_transfer.migrations import runner
from offline_transfer.settings import Settings

OLDEST_POSTGRESQL: Final = 15
CONNECT_SECONDS: Final = 10
STANDSTILL_SECONDS: Final = 60.0

# A connection whose other end vanished is noticed after about a minute: 30 s of silence, then three probes.
CONNECTION_PARAMETERS: Final[dict[str, Any]] = {
    "application_name": "offline-transfer",
    "connect_timeout": CONNECT_SECONDS,
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}

NAMING_CONVENTION: Final = {
    "ix": "index_%(table_name)s_on_%(column_0_N_name)s",
    "uq": "unique_%(table_name)s_on_%(column_0_N_name)s",
    "ck": "check_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "%(table_name)s_pkey",
}


class InvalidDatabaseAddressError(DatabaseError):
    """DATABASE_URL is not an address that PostgreSQL understands: {problem}. Write it as
    `postgresql://user:password@host:port/database`, with `@ : / ? # %` in the password percent-encoded.
    """


class DatabaseUnreachableError(DatabaseError):
    """The database {where} cannot be reached: {reason}. Check that it runs and that DATABASE_URL has the right host, user and
    password, or unset DATABASE_URL to use the embedded one.
    """

    retryable = True


class DatabaseTooOldError(DatabaseError):
    """The database {where} is PostgreSQL {version}, and offline-transfer needs {oldest} or later. Upgrade the server, or unset
    DATABASE_URL to use the embedded one.
    """


class SchemaOutdatedError(DatabaseError):
    """The schema of the database {where} is at revision {current}, and this program needs {needed}. Back the database up, then
    run `offline-transfer db migrate`.
    """


class SchemaTooNewError(DatabaseError):
    """The schema of the database {where} is at revision {current}, which this program does not know: a newer offline-transfer
    made it. Upgrade this program.
    """


class Base(DeclarativeBase):
    """The base of every model. Integers are bigint, strings are text, times are timestamptz, dictionaries are jsonb."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own form
        int: BigInteger,
        str: Text,
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
    }


@dataclass(frozen=True, slots=True)
class Database:
    """One database: its engine and its sessions."""

    engine: Engine
    sessions: sessionmaker[Session]
    where: str
    conninfo: str = field(repr=False)
    """The address for a library that connects by itself; it may hold a password."""

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session in one transaction, committed at the end of the block and rolled back when the block raises."""
        with self.sessions.begin() as session:
            yield session

    @contextmanager
    def raw_connection(self) -> Iterator[psycopg.Connection]:
        """A psycopg connection of the pool, for COPY; what is not committed inside the block is rolled back after it."""
        pooled = self.engine.raw_connection()
        try:
            yield _psycopg(pooled.driver_connection)
        finally:
            pooled.close()

    def close(self) -> None:
        """Close the connections of the pool."""
        self.engine.dispose()


def psycopg_connection(session: Session) -> psycopg.Connection:
    """The psycopg connection in whose transaction a session is: COPY on it is part of what the session commits."""
    session.flush()
    return _psycopg(session.connection().connection.driver_connection)


def lock_briefly(at: Session | psycopg.Connection) -> None:
    """To be called before rows are locked for which others wait, since a process that was suspended would keep all of them waiting.

    Where nothing is asked in this transaction for STANDSTILL_SECONDS, PostgreSQL ends its connection.
    """
    connection = psycopg_connection(at) if isinstance(at, Session) else at
    connection.execute("SELECT set_config('idle_in_transaction_session_timeout', %s, true)", [standstill()])


def standstill() -> str:
    """STANDSTILL_SECONDS in the words of PostgreSQL's settings, for statements that lock rows themselves."""
    return f"{round(STANDSTILL_SECONDS * 1000)}ms"


def locked_briefly() -> ColumnElement[str]:
    """What `lock_briefly` does, as a column of a statement that locks rows itself: one round trip less."""
    return func.set_config("idle_in_transaction_session_timeout", standstill(), True)


def make_engine(url: str) -> Engine:
    """An engine for a libpq address. Does not connect; raises InvalidDatabaseAddressError.

    Every session speaks UTC, whatever the server's or the role's default is.
    """
    parameters = _parse(url)
    options = f"{parameters.get('options', '')} -c TimeZone=UTC".strip()
    conninfo = _libpq_address(url)

    def connect() -> psycopg.Connection:
        given = {name: value for name, value in CONNECTION_PARAMETERS.items() if name not in parameters}
        return psycopg.connect(conninfo, **given, options=options)

    return create_engine("postgresql+psycopg://", creator=connect, pool_size=5, max_overflow=10, pool_pre_ping=True)


def connect(url: str) -> Database:
    """A database at a libpq address, seen to answer and to be recent enough; its schema is not looked at."""
    engine = make_engine(url)
    where = _describe(_parse(url))
    try:
        with engine.connect() as connection:
            version = _psycopg(connection.connection.driver_connection).info.server_version
    except OperationalError as error:
        engine.dispose()
        raise DatabaseUnreachableError(where=where, reason=_reason(error, url)) from None
    if version < OLDEST_POSTGRESQL * 10_000:
        engine.dispose()
        raise DatabaseTooOldError(where=where, version=version // 10_000, oldest=OLDEST_POSTGRESQL)
    return Database(engine, sessionmaker(engine, expire_on_commit=False), where, _libpq_address(url))


def require_current_schema(database: Database) -> None:
    """Raise SchemaOutdatedError or SchemaTooNewError unless the database has the revision of this program."""
    _refuse_unknown_schema(database)
    needed, current = runner.head_revision(), runner.current_revision(database.engine)
    if current != needed:
        raise SchemaOutdatedError(where=database.where, current=current or "none", needed=needed)


def migrate(database: Database) -> None:
    """Bring the schema to the revision of this program. Raises SchemaTooNewError, having changed nothing."""
    _refuse_unknown_schema(database)
    runner.upgrade(database.engine)


@contextmanager
def open_unchecked(settings: Settings) -> Iterator[Database]:
    """The database that the settings name, whatever its schema is; the embedded server runs for as long as the block."""
    with ExitStack() as stack:
        if settings.database_url is None:
            url = stack.enter_context(embedded.running(settings.data_dir))
        else:
            url = settings.database_url.get_secret_value()
        database = connect(url)
        stack.callback(database.close)
        yield database


@contextmanager
def open_database(settings: Settings) -> Iterator[Database]:
    """The database that the settings name, with the schema of this program.

    The embedded one is migrated by itself; another's owner decides when, so an older schema there is refused.
    """
    with open_unchecked(settings) as database:
        if settings.database_url is None:
            migrate(database)
        else:
            require_current_schema(database)
        yield database


def _refuse_unknown_schema(database: Database) -> None:
    current = runner.current_revision(database.engine)
    if current is not None and not runner.is_known(current):
        raise SchemaTooNewError(where=database.where, current=current)


def _libpq_address(url: str) -> str:
    """SQLAlchemy's spelling of an address, with the driver in it, is understood as well."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def _parse(url: str) -> dict[str, Any]:
    """The parameters of an address. libpq's own complaint may quote a part of the password, so it is not passed on."""
    address = _libpq_address(url)
    scheme, separator, rest = address.partition("://")
    if separator and scheme in ("postgresql", "postgres"):
        authority, _, path = rest.partition("/")
        if authority.count("@") > 1 or "@" in path.partition("?")[0]:
            raise InvalidDatabaseAddressError(problem="there is a second `@`, or one after the first `/`")
    try:
        return dict(conninfo_to_dict(address))
    except psycopg.ProgrammingError:
        raise InvalidDatabaseAddressError(problem="it cannot be parsed") from None


def _describe(parameters: dict[str, Any]) -> str:
    """The database for messages: `name on host:port`."""
    host = parameters.get("host") or parameters.get("hostaddr") or "the local socket"
    port = f":{parameters['port']}" if "port" in parameters else ""
    return f"`{parameters.get('dbname') or parameters.get('user') or 'default'}` on {host}{port}"


def _reason(error: OperationalError, url: str) -> str:
    """libpq's account of a failed connection on one line, without the password even if a server repeats it."""
    said = " ".join(str(error.orig).split()).rstrip(".")
    password = _parse(url).get("password")
    return said.replace(str(password), "***") if password else said


def _psycopg(connection: object) -> psycopg.Connection:
    if not isinstance(connection, psycopg.Connection):
        raise TypeError(f"the pool holds {type(connection)}, not psycopg connections")
    return connection
