"""The names of the jobs of an export; `jobs.exports` registers what does them."""

from typing import Final

EXPORT: Final = "offline_export"
PORTABLE: Final = "portable_export"
BATCH: Final = "relation_batch_export"
FILE_BATCH: Final = "relation_file_batch_export"
USER_CONTRIBUTIONS: Final = "user_contributions_export"
FINISH: Final = "finish_offline_export"
WITHDRAW: Final = "withdraw_offline_export"
MAIL: Final = "offline_export_mail"
