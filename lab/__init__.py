"""sessionlab: see what becomes of your users' sessions behind a load balancer.

These names are all that a scenario needs.
"""

from lab.answers import Answer, Answers, together
from lab.claims import Claim, MoreThan, share
from lab.client import Client
from lab.cluster import Cluster
from lab.deploys import BlueGreen, Cut, Deploy, Rolling
from lab.description import Description, Service
from lab.errors import DeployError, LabError, NothingShown, Skip, StartError, StepError, UsageError
from lab.history import History, Operation, Outcome
from lab.intervals import Counted, Predicted
from lab.results import RunResult, ScenarioResult, Verdict
from lab.scenario import Scenario, scenario
from lab.stage import Lab, Settings
from lab.tokens import altered, read_token, resigned, unsigned
from lab.users import Users
from lab.verdicts import Fate

__all__ = [
    "Answer",
    "Answers",
    "BlueGreen",
    "Claim",
    "Client",
    "Cluster",
    "Counted",
    "Cut",
    "Deploy",
    "DeployError",
    "Description",
    "Fate",
    "History",
    "Lab",
    "LabError",
    "MoreThan",
    "NothingShown",
    "Operation",
    "Outcome",
    "Predicted",
    "Rolling",
    "RunResult",
    "Scenario",
    "ScenarioResult",
    "Service",
    "Settings",
    "Skip",
    "StartError",
    "StepError",
    "UsageError",
    "Users",
    "Verdict",
    "altered",
    "main",
    "read_token",
    "resigned",
    "scenario",
    "share",
    "together",
    "unsigned",
]


def main(story: Scenario) -> None:
    """Run one scenario as a program; see `lab.cli.script`."""
    from lab.cli.script import main as run_script  # noqa: PLC0415  the command line is a layer up

    run_script(story)
