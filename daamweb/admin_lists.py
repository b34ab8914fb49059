"""Lists of the admin that cost as much however many rows there are."""

from typing import TYPE_CHECKING, Any

from django.core.paginator import Paginator
from django.utils.functional import cached_property

if TYPE_CHECKING:
    Pages = Paginator[Any]
else:
    Pages = Paginator

MOST_LISTED = 10_000


class BoundedPaginator(Pages):
    """Over the first rows of a list alone: counting all, and going far into them, would cost more the more
    there are. Whoever looks for others filters or searches."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        listed: int = rows.order_by()[:MOST_LISTED].count()
        return listed

    @property
    def is_bounded(self) -> bool:
        """Whether there may be more rows than are listed."""
        return self.count == MOST_LISTED
