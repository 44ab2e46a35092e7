"""Charts as SVG text: pure functions of numbers, the same on the screen and in a report.

Shapes carry classes and geometry attributes only, so that the strict CSP holds; each mark is a link where it is given an address.
"""
