"""The API's schema is valid, and its names are ours."""

from django.core.management import call_command


def test_the_schema_is_valid_and_nothing_in_it_had_to_be_guessed(tmp_path: object) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", file=f"{tmp_path}/schema.yml")
