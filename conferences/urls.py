"""URLs of the core application; ``config.urls_core`` includes them."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from conferences.views import agenda, audit, audit_search, conference, core_frame, schedule


class IdentifierConverter(StringConverter):
    """A conference id (docs/protocol.md section 1)."""

    regex = "[A-Za-z0-9_-]{22}"


register_converter(IdentifierConverter, "identifier")

urlpatterns = [
    path("", agenda.agenda, name="agenda"),
    path("conferences/new", schedule.schedule, name="schedule"),
    path("conferences/<identifier:conference_id>", conference.conference, name="conference"),
    path("conferences/<identifier:conference_id>/invite", conference.invite, name="invite"),
    path("conferences/<identifier:conference_id>/withdraw/<int:participant_id>", conference.withdraw, name="withdraw"),
    path("conferences/<identifier:conference_id>/end", conference.end, name="end"),
    path("conferences/<identifier:conference_id>/calendar.ics", conference.calendar_file, name="calendar"),
    path("conferences/<identifier:conference_id>/audit", audit.conference_audit, name="audit"),
    path("conferences/<identifier:conference_id>/audit/export", audit.export, name="audit-export"),
    path("frame", core_frame.core_frame, name="core-frame"),
    path("frame/conferences/<identifier:conference_id>", core_frame.frame_data, name="core-frame-data"),
    path("audit", audit.audit_list, name="audit-list"),
    path("audit/search", audit_search.audit_search, name="audit-search"),
    path("audit/export", audit.export_all, name="audit-export-all"),
    path("audit/checkpoint", audit.checkpoint, name="audit-checkpoint"),
]
