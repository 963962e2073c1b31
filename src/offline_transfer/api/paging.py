"""Pages of lists, as GitLab counts and announces them."""

from dataclasses import dataclass
from typing import Annotated, Final, TypeAlias

from fastapi import Depends, Query
from starlette.datastructures import URL

DEFAULT_SIZE: Final = 20
LARGEST_SIZE: Final = 100


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list, counted from 1."""

    number: int
    size: int

    @property
    def offset(self) -> int:
        """How many entries stand before it."""
        return (self.number - 1) * self.size

    def headers(self, url: URL, total: int) -> dict[str, str]:
        """What an answer says of the pages around this one; `url` is that of the request."""
        last = max(-(-total // self.size), 1)
        after = self.number + 1 if self.number < last else None
        before = self.number - 1 if 1 < self.number <= last + 1 else None
        numbers = {"prev": before, "next": after, "first": 1, "last": last}
        links = [f'<{self._link(url, number)}>; rel="{name}"' for name, number in numbers.items() if number is not None]
        return {
            "X-Page": str(self.number),
            "X-Per-Page": str(self.size),
            "X-Next-Page": str(after or ""),
            "X-Prev-Page": str(before or ""),
            "X-Total": str(total),
            "X-Total-Pages": str(last),
            "Link": ", ".join(links),
        }

    def _link(self, url: URL, number: int) -> URL:
        return url.include_query_params(page=number, per_page=self.size)


def _page(
    page: Annotated[int, Query(ge=1, description="Which page.")] = 1,
    per_page: Annotated[
        int, Query(ge=1, description=f"How many entries a page has; more than {LARGEST_SIZE} count as {LARGEST_SIZE}.")
    ] = DEFAULT_SIZE,
) -> Page:
    return Page(page, min(per_page, LARGEST_SIZE))


ThePage: TypeAlias = Annotated[Page, Depends(_page)]
