"""The search language: text to tree, the fields it knows, and what a tree means for one row.

Pure: no files, sockets, clocks or randomness. `gatebook.index` gives the same trees their meaning in SQL, and a test holds both to the same answers.
"""

from gatebook.query.errors import QueryError
from gatebook.query.fields import FIELDS, Field
from gatebook.query.matching import matches, predicate
from gatebook.query.parser import parse
from gatebook.query.resolve import resolve
from gatebook.query.tree import Query

__all__ = ["FIELDS", "Field", "Query", "QueryError", "matches", "parse", "predicate", "resolve"]
