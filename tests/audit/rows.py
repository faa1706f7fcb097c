"""One row of any model, with the rows it points to."""

import datetime as dt
from decimal import Decimal
from typing import Any

from django.db import models
from django.utils.timezone import now

from audit.ids import new_id

PLAIN: dict[type, Any] = {
    models.JSONField: {},
    models.BooleanField: False,
    models.UUIDField: None,
    models.DateTimeField: now(),
    models.DateField: dt.date(2026, 11, 24),
    models.BinaryField: bytes(32),
    models.CharField: "x",
    models.TextField: "text",
    models.FloatField: 0.5,
    models.DecimalField: Decimal(1),
    models.IntegerField: 1,
}


class Rows:
    """Makes at most one row of each model."""

    def __init__(self) -> None:
        self.made: dict[type[models.Model], models.Model] = {}

    def of(self, model: type[models.Model]) -> models.Model:
        if model not in self.made:
            found = model._default_manager.first()
            self.made[model] = found or model._default_manager.create(**self.values(model))
        return self.made[model]

    def values(self, model: type[models.Model]) -> dict[str, Any]:
        return {field.name: self.value(field) for field in model._meta.concrete_fields if self.needed(field)}

    @staticmethod
    def needed(field: "models.Field[Any, Any]") -> bool:
        if isinstance(field, models.ForeignKey):
            return field.related_model is not field.model
        filled = field.has_default() or field.has_db_default() or field.generated or isinstance(field, models.AutoField)
        return not (filled or field.null)

    def value(self, field: "models.Field[Any, Any]") -> Any:
        if isinstance(field, models.ForeignKey):
            return self.of(field.related_model)
        if field.choices:
            return next(iter(field.flatchoices))[0]
        if isinstance(field, models.UUIDField):
            return new_id()
        return next(value for kind, value in PLAIN.items() if isinstance(field, kind))
