"""The models that a server knows: the one it was given, and those that were taught here."""

import json
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from avel.pipeline.server.database import Database, set_fact
from avel.pipeline.server.jobs import iso
from avel.pipeline.server.problem import Problem

CURRENT, TAUGHT = "model", "taught"


class Models:
    """The table of models.

    Args:
        database: That has it.
        clock: Seconds since 1970.
    """

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database, self._clock = database, clock

    def given(self, model: str) -> None:
        """The model of the server's start; the current one unless one was taught or chosen."""
        name = self._name_of(model)
        with self._database.writing() as write:
            write.execute(
                "INSERT INTO models VALUES (?, ?, '[]', ?) ON CONFLICT (name) DO UPDATE SET "
                "place = excluded.place",
                (name, model, self._clock()),
            )
            known = write.execute("SELECT 1 FROM models WHERE name = ?", (self.current,))
            before = self._database.fact("given")
            if before != name or not known.fetchone():
                set_fact(write, CURRENT, name)
                set_fact(write, "given", name)

    def _name_of(self, model: str) -> str:
        """Its last name; another's taught model is not called as those of here are."""
        known = self._database.value("SELECT name FROM models WHERE place = ?", model)
        name = Path(model).name or model
        return str(known or (f"given {name}" if name.startswith(f"{TAUGHT}-") else name))

    @property
    def current(self) -> str:
        """The name of that by which films are localized."""
        return self._database.fact(CURRENT) or ""

    def choose(self, name: str) -> None:
        """Make one the current.

        Raises:
            Problem: there is none of the name.
        """
        self.known(name)
        with self._database.writing() as write:
            set_fact(write, CURRENT, name)

    def known(self, name: str) -> str:
        """A name as it is.

        Raises:
            Problem: there is none.
        """
        if self.place(name) is None:
            names = ", ".join(each["name"] for each in self.listed())
            raise Problem(422, "NO_MODEL", f"model '{name:.80}' is none; there are: {names}")
        return name

    def place(self, name: str) -> str | None:
        """Where a model is: a name that avel knows, or a path."""
        found = self._database.value("SELECT place FROM models WHERE name = ?", name)
        return None if found is None else str(found)

    def listed(self) -> list[dict[str, Any]]:
        """All, with the names (K,) of their events, the newest last."""
        rows = self._database.rows("SELECT * FROM models ORDER BY made, name")
        return [
            {"name": row["name"], "made": iso(row["made"]), "events": json.loads(row["labels"])}
            for row in rows
        ]

    def labels(self, name: str) -> list[str]:
        """The names (K,) of a model's events, in its order."""
        found = self._database.value("SELECT labels FROM models WHERE name = ?", name)
        return list(json.loads(found)) if found else []

    def learn(self, name: str, labels: Sequence[str]) -> None:
        """Remember the names (K,) of the events that a model knows."""
        with self._database.writing() as write:
            write.execute(
                "UPDATE models SET labels = ? WHERE name = ?", (json.dumps(list(labels)), name)
            )

    def next_name(self, write: sqlite3.Connection) -> str:
        """A name that no taught model had, counted from 1, as part of a transaction."""
        number = int(self._database.fact(TAUGHT) or 0) + 1
        set_fact(write, TAUGHT, str(number))
        return f"{TAUGHT}-{number}"

    def add(self, write: sqlite3.Connection, name: str, place: Path, labels: Sequence[str]) -> None:
        """Take a model that was taught events (K,), and make it the current, in a transaction."""
        write.execute(
            "INSERT OR REPLACE INTO models VALUES (?, ?, ?, ?)",
            (name, str(place), json.dumps(list(labels)), self._clock()),
        )
        set_fact(write, CURRENT, name)
