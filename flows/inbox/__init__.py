"""The folder that workbooks are dropped into: when a file is complete, who takes it, where it goes.

`complete` decides by looks at a file, `ends` by its bytes, `places` moves it, `heartbeat` tells
whether somebody watches. Nothing here reads orders.
"""
