"""Reads a grammar in the Java Speech Grammar Format and draws random sentences from it.

The subset: rules, references, alternatives with weights, groups, optional groups, line comments.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, Union


@dataclass(frozen=True)
class Word:
    text: str


@dataclass(frozen=True)
class Reference:
    rule: str


@dataclass(frozen=True)
class Sequence:
    parts: tuple["Expansion", ...]


@dataclass(frozen=True)
class Choice:
    options: tuple["Expansion", ...]
    cumulative_weights: tuple[float, ...]


@dataclass(frozen=True)
class Optional:
    body: "Expansion"


Expansion = Union[Word, Reference, Sequence, Choice, Optional]

_COMMENT = re.compile(r"//[^\n]*")
_TOKEN = re.compile(r"<[\w-]+>|/[\d.]+/|[()\[\]|]|[^\s()\[\]|<>/]+")
_CLOSING = {"(": ")", "[": "]"}


class _Parser:
    """One rule's right-hand side, by recursive descent."""

    def __init__(self, rule: str, tokens: list[str]) -> None:
        self._rule = rule
        self._tokens = tokens
        self._next = 0

    def parse(self) -> Expansion:
        expansion = self._choice()
        if self._next != len(self._tokens):
            raise ValueError(f"<{self._rule}>: unexpected {self._tokens[self._next]!r}")
        return expansion

    def _peek(self) -> str:
        return self._tokens[self._next] if self._next < len(self._tokens) else ""

    def _take(self) -> str:
        token = self._peek()
        self._next += 1
        return token

    def _choice(self) -> Expansion:
        options: list[Expansion] = []
        cumulative: list[float] = []
        total = 0.0
        while True:
            total += float(self._take().strip("/")) if self._peek().startswith("/") else 1.0
            options.append(self._sequence())
            cumulative.append(total)
            if self._peek() != "|":
                break
            self._next += 1
        return options[0] if len(options) == 1 else Choice(tuple(options), tuple(cumulative))

    def _sequence(self) -> Expansion:
        parts: list[Expansion] = []
        while self._peek() not in ("", "|", ")", "]"):
            parts.append(self._item(self._take()))
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _item(self, token: str) -> Expansion:
        if token.startswith("<"):
            return Reference(token.strip("<>"))
        if token not in _CLOSING:
            return Word(token)
        body = self._choice()
        if self._take() != _CLOSING[token]:
            raise ValueError(f"<{self._rule}>: a {token!r} is never closed")
        return Optional(body) if token == "[" else body


class Grammar:
    """Rules by name; a rule must not lead back to itself."""

    def __init__(self, source: str) -> None:
        self._rules: dict[str, Expansion] = {}
        for statement in _COMMENT.sub("", source).split(";"):
            name, separator, body = statement.partition("=")
            if separator:
                rule = name.strip().strip("<>")
                self._rules[rule] = _Parser(rule, _TOKEN.findall(body)).parse()

    @staticmethod
    def read(path: Path) -> "Grammar":
        return Grammar(path.read_text(encoding="utf-8"))

    def sample(self, rng: random.Random, rule: str) -> list[str]:
        """Words of one random sentence of the rule."""
        return list(self._expand(rng, self._rules[rule]))

    def words(self) -> list[str]:
        """All words that the rules can produce, sorted."""
        found: set[str] = set()
        for expansion in self._rules.values():
            _collect(expansion, found)
        return sorted(found)

    def _expand(self, rng: random.Random, expansion: Expansion) -> Iterator[str]:
        if isinstance(expansion, Word):
            yield expansion.text
        elif isinstance(expansion, Reference):
            yield from self._expand(rng, self._rules[expansion.rule])
        elif isinstance(expansion, Sequence):
            for part in expansion.parts:
                yield from self._expand(rng, part)
        elif isinstance(expansion, Choice):
            options = expansion.options
            chosen = rng.choices(options, cum_weights=expansion.cumulative_weights)[0]
            yield from self._expand(rng, chosen)
        elif rng.random() < 0.5:
            yield from self._expand(rng, expansion.body)


def _collect(expansion: Expansion, found: set[str]) -> None:
    if isinstance(expansion, Word):
        found.add(expansion.text)
    elif isinstance(expansion, Optional):
        _collect(expansion.body, found)
    elif isinstance(expansion, Sequence):
        for part in expansion.parts:
            _collect(part, found)
    elif isinstance(expansion, Choice):
        for option in expansion.options:
            _collect(option, found)
