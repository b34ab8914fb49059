"""Every value that says that there is none, for the tests that take each in turn."""

import math

import numpy as np
import pandas as pd

NO_NUMBERS = [None, math.nan, np.float64("nan"), np.float32("nan"), pd.NA]
NO_TIMES = [None, pd.NaT, np.datetime64("NaT"), pd.NA]
