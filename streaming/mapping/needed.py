"""Which source columns a mapping reads."""

from __future__ import annotations

from streaming.mapping.model import (
    CategoryColumn,
    EventMapping,
    FactMapping,
    IdColumns,
    TimeColumn,
    TypeColumn,
    TypeRules,
)


def needed_columns(mapping: EventMapping | FactMapping) -> list[str]:
    """The source columns a mapping reads, each once, in the order of the mapping."""
    names = [mapping.user, *(condition.column for condition in mapping.keep)]
    if isinstance(mapping.time, TimeColumn):
        names.append(mapping.time.column)
    names += _of_facts(mapping) if isinstance(mapping, FactMapping) else _of_events(mapping)
    return list(dict.fromkeys(names))


def _of_facts(mapping: FactMapping) -> list[str]:
    return [field.column for field in mapping.fields.values()]


def _of_events(mapping: EventMapping) -> list[str]:
    rule = mapping.event_id
    names = [*(rule.columns if isinstance(rule, IdColumns) else rule.hash)]
    if isinstance(mapping.event_type, TypeColumn):
        names.append(mapping.event_type.column)
    elif isinstance(mapping.event_type, TypeRules):
        names += [condition.column for entry in mapping.event_type.rules for condition in entry.when]
    if mapping.value:
        names += [name for name in (mapping.value.column, mapping.value.times) if name]
    names += mapping.discount.columns if mapping.discount else ()
    names += [mapping.quantity.column] if mapping.quantity else []
    category = mapping.category
    plain = (mapping.session, mapping.item, category.column if isinstance(category, CategoryColumn) else category)
    return names + [name for name in plain if name]
