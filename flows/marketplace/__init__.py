"""The vendor's orders API over httpx: sign-in, calls, errors, pace.

The only package that imports httpx, so that a successor is a change in one place.
"""
