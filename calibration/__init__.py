"""How the judgement of stills was fitted: art, damage, measurements, fit, report."""
