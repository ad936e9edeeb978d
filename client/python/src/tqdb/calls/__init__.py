"""Every unary call: its request made of Python values, and Python values made of its answer.

Both clients get their methods from here (`Client`, `AsyncClient`), with these signatures and texts;
only how a `Call` is carried out differs. All take `timeout`, in seconds, for all tries together;
None is the client's. Vectors are whatever NumPy makes rows of; float16 arrays travel as such.
"""

from ._call import Call
from .admin import server_info
from .collections import (
    collection_exists,
    create_collection,
    create_payload_index,
    delete_collection,
    delete_payload_index,
    get_collection,
    get_or_create_collection,
    list_collections_page,
    update_collection,
)
from .points import (
    clear_payload,
    count,
    delete,
    delete_payload_keys,
    facet,
    get,
    overwrite_payload,
    scroll_page,
    set_payload,
    upsert,
)
from .searches import (
    recommend,
    search,
    search_arrays,
    search_batch,
    search_groups,
    search_hybrid,
)

__all__ = [
    "Call",
    "clear_payload",
    "collection_exists",
    "count",
    "create_collection",
    "create_payload_index",
    "delete",
    "delete_collection",
    "delete_payload_index",
    "delete_payload_keys",
    "facet",
    "get",
    "get_collection",
    "get_or_create_collection",
    "list_collections_page",
    "overwrite_payload",
    "recommend",
    "scroll_page",
    "search",
    "search_arrays",
    "search_batch",
    "search_groups",
    "search_hybrid",
    "server_info",
    "set_payload",
    "update_collection",
    "upsert",
]
