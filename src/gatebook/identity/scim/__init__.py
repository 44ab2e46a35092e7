"""The service provider of SCIM 2.0 (RFC 7643, RFC 7644): a directory such as Okta or Entra keeps people and groups here. Keeper only.

One request is one transaction through the journal, and each operation of a bulk request one of its own: what changes, its record, and the cut-off that
follows from it are committed together or not at all.
"""
