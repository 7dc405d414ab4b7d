"""Documents of a cabinet for people: made from the wiring map and the tables of the plant, never typed.

German and English, HTML to print and CSV for a spreadsheet. Beside `app`: it may know map and plant together.
"""
