"""The code tables hold what their types promise."""

from __future__ import annotations

from typing import get_args

from schemas.code_tables import Cause, Resource, Retryable, error_codes, explain, status_codes


def test_every_row_uses_the_words_that_the_types_allow() -> None:
    assert len(error_codes()) == 157
    assert {row.cause for row in error_codes().values()} == set(get_args(Cause))
    assert {row.retryable for row in error_codes().values()} == set(get_args(Retryable))
    assert all(row.hint and row.meaning for row in error_codes().values())
    assert len(status_codes()) == 35
    assert {row.resource for row in status_codes().values()} == set(get_args(Resource))


def test_a_code_is_explained_with_its_reason_where_the_table_knows_it() -> None:
    with_reason = explain("2129", "INELIGIBLE_ADD_ON")
    assert with_reason is not None
    assert with_reason.code == "2129/INELIGIBLE_ADD_ON"
    general = explain("2129", "SOMETHING_NEW")
    assert general is not None
    assert general.code == "2129"
    assert explain("no such code") is None
