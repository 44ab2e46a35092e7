"""What a record is: the frozen structs, their bytes, and the commitments that tie payloads to them.

Pure: no files, sockets, clocks or randomness. Everything that varies is an argument.
"""
