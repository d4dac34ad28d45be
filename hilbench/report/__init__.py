"""Reports: what people look at. Pure functions of the tidy frame and of what the run folder says about its making."""
