"""Consultations as programs read them."""

from engine.queries import pages, recommendations, sittings
from web.api import nouns, schema
from web.api.spec import answers, api, asked, spec
from web.auth import open_to_all
from web.transaction import reading


@api.get("/consultations")
@open_to_all
@spec.validate(
    query=schema.ConsultationsAsked, resp=answers(schema.Consultations), operation_id="consultations"
)
def consultations() -> schema.Consultations:
    """Consultations, the newest first."""
    want: schema.ConsultationsAsked = asked()
    with reading() as db:
        found = pages.consultations_after(
            db, want.cursor, want.limit + 1, mark=want.mark, series=want.series, form=want.form
        )
        items = [schema.Consultation(**nouns.consultation(db, one)) for one in found[: want.limit]]
    return schema.Consultations(items=items, next=items[-1].id if len(found) > len(items) else None)


@api.get("/consultations/<id:consultation_id>")
@open_to_all
@spec.validate(resp=answers(schema.ConsultationInFull, 404), operation_id="consultation")
def consultation(consultation_id: int) -> schema.ConsultationInFull:
    """One consultation with its sittings and recommendations."""
    with reading() as db:
        found = sittings.consultation(db, consultation_id)
        led_to = recommendations.of_consultation(db, found)
        return schema.ConsultationInFull(
            **nouns.consultation(db, found),
            sittings=[schema.Sitting(**nouns.sitting(db, one)) for one in sittings.sittings_of(db, found)],
            recommendations=[schema.Recommendation(**nouns.recommendation(db, one)) for one in led_to],
        )
