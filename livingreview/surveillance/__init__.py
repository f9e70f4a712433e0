"""Surveillance: what keeps the review alive.

In the order in which data flow: `net` asks a server, `rawstore` keeps what came back, `sources` and
`files` read it, `record` is the one shape of a record, `link` finds duplicates and known studies,
`rank` orders what is new, `screening` keeps what people decide; `watch` looks for notices,
`registry` reads posted results, `registrations` how far trials are; `identify` proposes
identifiers; `keeping` writes tables. `searching` runs strategies, `exported` takes in what a person
ran, `collected` makes rows of what they find, `alone` sees to it that one command writes at a time,
and `round` does a month's work, which `told` says.
"""
