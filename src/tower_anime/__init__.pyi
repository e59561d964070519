from tower_anime.domain.expectation import Expectation as Expectation
from tower_anime.domain.quality import Assessment as Assessment
from tower_anime.domain.quality import Defect as Defect
from tower_anime.domain.quality import Measured as Measured
from tower_anime.domain.quality import Profile as Profile
from tower_anime.domain.quality import Unmeasured as Unmeasured
from tower_anime.domain.quality import Verdict as Verdict
from tower_anime.errors import BadInput as BadInput
from tower_anime.files import assess_file as assess_file

__version__: str
