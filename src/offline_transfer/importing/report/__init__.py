"""The report of an import: what the source had and what is here, for people, for spreadsheets and for programs.

`contents` reads it from the rows, `as_json`, `as_csv` and `as_html` give it a form, `render` is where to ask for it. All of them
hand it out piece by piece: an import with a million failures has a long report, and needs no memory for it.
"""
