"""An installation that has grown: loaded, then timed. Importing it sets Django up, on the servers of the environment."""

import django

django.setup()
