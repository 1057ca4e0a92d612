"""moto's server, with the call that its Glue lacks: UpdateJob.

As AWS says of JobUpdate, what is given takes the place of the whole definition; the runs of the job stay.
https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-jobs-job.html#aws-glue-api-jobs-job-JobUpdate

Usage: moto_server.py, with moto_server's own arguments.
"""

from moto.core.responses import ActionResult
from moto.glue.responses import GlueResponse
from moto.server import main


def update_job(self):
    name = self._get_param("JobName")
    before = self.glue_backend.get_job(name)
    update = self._get_param("JobUpdate")
    self._get_param = {**update, "Name": name}.get
    self._get_int_param = self._get_param
    self.create_job()
    after = self.glue_backend.get_job(name)
    after.created_on = before.created_on
    after.job_runs = before.job_runs
    return ActionResult({"JobName": name})


if __name__ == "__main__":
    if hasattr(GlueResponse, "update_job"):
        raise SystemExit("moto knows UpdateJob by now: start moto_server itself")
    GlueResponse.update_job = update_job
    main()
