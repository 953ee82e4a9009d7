"""What Strata is measured beside: a bare echo, and the stack a user would glue together today."""
