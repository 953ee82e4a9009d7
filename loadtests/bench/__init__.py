"""`strata bench`: what a call costs, beside an echo and the stack a user would glue together today."""
