"""An installation that has grown: loaded, then timed. Importing it sets Django up, on the environment's servers."""

import django

django.setup()
