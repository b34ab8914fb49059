"""Projects, their members, invitations to them, and what was done in them."""

from daamweb.projects.models.erasures import Erasure
from daamweb.projects.models.events import Action, Event
from daamweb.projects.models.invitations import Invitation
from daamweb.projects.models.memberships import Membership, Role
from daamweb.projects.models.projects import LONGEST_NAME, Project

__all__ = ["LONGEST_NAME", "Action", "Erasure", "Event", "Invitation", "Membership", "Project", "Role"]
