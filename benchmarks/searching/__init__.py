"""A corpus of real words in a database of its own, and the search over it beside the one before."""

import django

django.setup()
