"""Headers as people write them."""

from __future__ import annotations

import pytest

from schemas.columns import ORDER_COLUMNS, SYNONYMS, Claim, claim_of, plain


@pytest.mark.parametrize(
    ("header", "column", "rank"),
    [
        ("externalReferenceId", "externalReferenceId", 1),
        ("External Reference ID", "externalReferenceId", 1),
        ("CUSTOMER_ID*", "customerId", 1),
        ("PO number", "externalReferenceId", 2),
        ("Qty.", "quantity", 2),
        ("sku", "offerId", 2),
    ],
)
def test_a_header_means_its_column(header: str, column: str, rank: int) -> None:
    assert claim_of(header, {}) == Claim(column, rank)


@pytest.mark.parametrize("header", ["Customer", "Customer name", "Cost centre", "", "Total"])
def test_other_headers_are_the_users_own(header: str) -> None:
    assert claim_of(header, {}) is None


def test_a_companys_own_mapping_wins() -> None:
    assert claim_of("Qty", {"QTY": "cancellingQuantity"}) == Claim("cancellingQuantity", 0)


def test_no_spelling_means_two_columns() -> None:
    words = (
        [plain(word) for column in ORDER_COLUMNS for word in SYNONYMS[column]]
        if (set(SYNONYMS) == set(ORDER_COLUMNS))
        else []
    )
    assert words, "every column has other spellings"
    assert len(set(words)) == len(words)
