"""The baseline: the registry that one would otherwise write, in the style of the tutorials.

FastAPI, pydantic, the async ORM of SQLAlchemy 2 with a session a request, and aiosqlite with the
pool that SQLAlchemy gives it. Not handicapped: uvloop and httptools, SQLite in WAL mode with
`synchronous=FULL` as Twinhold has it, no access log, no row read twice.
"""
# mypy: ignore-errors
# Its libraries are in .venv/bench, not where mypy looks for them: nothing here could be checked.

import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

import rule_engine
from fastapi import Depends, FastAPI, HTTPException, Query, status
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict
from sqlalchemy import JSON, event, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

USERS_BY_TOKEN = {os.environ["BASELINE_TOKEN"]: "operator"}

engine = create_async_engine(
    f"sqlite+aiosqlite:///{os.environ['BASELINE_FILE']}", connect_args={"timeout": 30}
)
new_session = async_sessionmaker(engine, expire_on_commit=False)


@event.listens_for(engine.sync_engine, "connect")
def set_pragmas(connection, _record) -> None:
    """Make every connection as durable as Twinhold's."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()


def now() -> datetime:
    """The time in UTC."""
    return datetime.now(UTC)


class Base(DeclarativeBase):
    """The tables."""


class TwinRow(Base):
    """A twin in the database."""

    __tablename__ = "twins"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    owner: Mapped[str]
    version: Mapped[int] = mapped_column(default=1)
    description: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)


class TwinWrite(BaseModel):
    """The body of create and update."""

    description: dict[str, Any]


class TwinRead(BaseModel):
    """A twin as it is answered."""

    model_config = ConfigDict(from_attributes=True)

    id: uuid.UUID
    owner: str
    version: int
    description: dict[str, Any]
    created_at: datetime
    updated_at: datetime


class TwinPage(BaseModel):
    """A page of twins; the cursor is the id of its last one, when there may be more."""

    items: list[TwinRead]
    next_cursor: uuid.UUID | None


class TwinIdPage(BaseModel):
    """A page of ids of twins."""

    items: list[uuid.UUID]
    next_cursor: uuid.UUID | None


async def get_session() -> AsyncIterator[AsyncSession]:
    """One session a request."""
    async with new_session() as session:
        yield session


bearer = HTTPBearer()


async def get_user(credentials: Annotated[HTTPAuthorizationCredentials, Depends(bearer)]) -> str:
    """The user behind the token."""
    user = USERS_BY_TOKEN.get(credentials.credentials)
    if user is None:
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "Unknown token")
    return user


Session = Annotated[AsyncSession, Depends(get_session)]
User = Annotated[str, Depends(get_user)]
Limit = Annotated[int, Query(ge=1, le=1000)]


async def find_twin(session: AsyncSession, twin_id: uuid.UUID, user: str) -> TwinRow:
    """The user's twin, or 404."""
    twin = await session.get(TwinRow, twin_id)
    if twin is None or twin.owner != user:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "Twin not found")
    return twin


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Make the tables at the start."""
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield
    await engine.dispose()


app = FastAPI(title="Twin registry", lifespan=lifespan)


@app.get("/health")
async def health() -> dict[str, str]:
    """Say that the server runs."""
    return {"status": "ok"}


@app.post("/twins", status_code=status.HTTP_201_CREATED, response_model=TwinRead)
async def create_twin(body: TwinWrite, session: Session, user: User):
    """Create a twin."""
    twin = TwinRow(owner=user, description=body.description)
    session.add(twin)
    await session.commit()
    return twin


@app.get("/twins", response_model=TwinPage)
async def list_twins(
    session: Session,
    user: User,
    limit: Limit = 100,
    cursor: uuid.UUID | None = None,
    rule: str | None = None,
):
    """The next twins of the user by id; a rule leaves out those that do not match."""
    twins = (await session.scalars(page_query(TwinRow, user, limit, cursor))).all()
    next_cursor = twins[-1].id if len(twins) == limit else None
    if rule is not None:
        matches = compile_rule(rule)
        twins = [twin for twin in twins if matches({"TWIN": twin.description})]
    return {"items": twins, "next_cursor": next_cursor}


@app.get("/twins/ids", response_model=TwinIdPage)
async def list_twin_ids(
    session: Session, user: User, limit: Limit = 100, cursor: uuid.UUID | None = None
):
    """The ids of the next twins of the user."""
    ids = (await session.scalars(page_query(TwinRow.id, user, limit, cursor))).all()
    return {"items": ids, "next_cursor": ids[-1] if len(ids) == limit else None}


def page_query(what, user: str, limit: int, cursor: uuid.UUID | None):
    """Select the user's rows after a cursor."""
    query = select(what).where(TwinRow.owner == user).order_by(TwinRow.id).limit(limit)
    return query if cursor is None else query.where(TwinRow.id > cursor)


@app.get("/twins/{twin_id}", response_model=TwinRead)
async def read_twin(twin_id: uuid.UUID, session: Session, user: User):
    """Read a twin."""
    return await find_twin(session, twin_id, user)


@app.patch("/twins/{twin_id}", response_model=TwinRead)
async def update_twin(twin_id: uuid.UUID, body: TwinWrite, session: Session, user: User):
    """Replace a twin's description."""
    twin = await find_twin(session, twin_id, user)
    twin.description = body.description
    twin.version += 1
    await session.commit()
    return twin


def compile_rule(text: str):
    """The rule as a function over its variables."""
    try:
        context = rule_engine.Context(default_value=None)
        return rule_engine.Rule(text, context=context).matches
    except rule_engine.EngineError as error:
        raise HTTPException(status.HTTP_422_UNPROCESSABLE_CONTENT, error.message) from error
