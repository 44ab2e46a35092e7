"""The collection that all tables of state belong to."""

from sqlalchemy import MetaData

metadata = MetaData()
