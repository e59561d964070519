"""The words that the sandbox draws: one table per thing that a prompt can name.

Each table maps what is drawn to the phrases that ask for it; the first phrase is the usual tag.
Phrases are whole words in lower case, plurals included by the reader.
"""

from __future__ import annotations

from typing import TypeAlias

Table: TypeAlias = dict[str, tuple[str, ...]]

PLACES: Table = {
    "classroom": ("classroom", "blackboard", "school desk"),
    "library": ("library", "bookshelf", "bookstore", "study"),
    "cafe": ("cafe", "coffee shop", "restaurant", "bakery", "tea house", "bar"),
    "room": ("room", "bedroom", "indoors", "kitchen", "living room", "office", "apartment"),
    "rooftop": ("rooftop", "roof", "balcony", "terrace"),
    "station": ("station", "platform", "train", "subway", "railway"),
    "shrine": ("shrine", "torii", "temple", "stone lantern"),
    "school": ("school", "schoolyard", "campus", "school gate"),
    "space": ("space", "galaxy", "planet", "spaceship", "space station", "cosmos", "universe"),
    "castle": ("castle", "palace", "fortress", "tower", "kingdom"),
    "village": ("village", "countryside", "farm", "cottage", "rural"),
    "street": ("street", "alley", "road", "shop", "crossing", "town", "market"),
    "city": ("city", "cityscape", "skyline", "skyscraper", "tokyo", "urban", "metropolis"),
    "sea": ("beach", "sea", "ocean", "shore", "coast", "harbor", "harbour", "lighthouse", "island"),
    "lake": ("lake", "river", "pond", "waterfall", "riverside", "stream"),
    "forest": ("forest", "woods", "jungle", "grove", "bamboo", "tree"),
    "mountain": ("mountain", "cliff", "peak", "valley", "hill", "mount fuji"),
    "park": ("park", "garden", "bench", "playground", "flower bed"),
    "sky": ("sky", "clouds", "flying", "floating", "above the clouds"),
    "field": ("field", "meadow", "grassland", "prairie", "flower field", "sunflower field"),
}

TIMES: Table = {
    "morning": ("morning", "dawn", "sunrise", "early morning"),
    "sunset": ("sunset", "dusk", "evening", "golden hour", "twilight", "orange sky"),
    "night": ("night", "midnight", "moonlight", "night sky", "starry sky", "moonlit", "stars"),
    "day": ("day", "daytime", "noon", "blue sky", "sunny", "afternoon", "sunlight"),
}

WEATHER: Table = {
    "rain": ("rain", "rainy", "raining", "drizzle", "storm", "stormy", "wet"),
    "snow": ("snow", "snowy", "snowing", "blizzard", "snowfall"),
    "petals": ("petals", "cherry blossoms", "cherry blossom", "sakura", "falling petals"),
    "leaves": ("falling leaves", "autumn leaves", "maple leaf"),
    "fog": ("fog", "foggy", "mist", "misty", "haze", "hazy"),
    "cloudy": ("cloudy", "overcast", "gloomy sky", "grey sky"),
    "wind": ("wind", "windy", "breeze", "floating hair"),
    "fireflies": ("fireflies", "firefly", "sparkles", "magic", "glowing particles"),
    "fireworks": ("fireworks", "firework"),
    "rainbow": ("rainbow",),
    "flowers": ("flowers", "flower", "rose", "sunflower", "tulip", "daisy"),
    "lanterns": ("lanterns", "paper lantern", "festival", "matsuri"),
    "neon": ("neon", "neon lights", "cyberpunk", "neon sign"),
    "bubbles": ("bubbles", "soap bubbles"),
    "birds": ("birds", "seagull", "dove", "crow"),
    "moon": ("full moon", "moon", "crescent moon"),
    "stars": ("shooting star", "milky way", "meteor"),
}
"""What is in the air or scattered over the place; any number at once."""

SEASONS: Table = {
    "spring": ("spring", "springtime"),
    "summer": ("summer", "summertime"),
    "autumn": ("autumn", "fall foliage", "autumnal"),
    "winter": ("winter", "wintry", "christmas"),
}

LIGHTS: Table = {
    "backlight": ("backlighting", "backlit", "backlight", "silhouette", "rim light"),
    "rays": ("light rays", "god rays", "sunbeam", "dappled sunlight", "crepuscular rays"),
    "spot": ("spotlight", "stage light", "stage lights", "stage"),
    "dramatic": ("dramatic light", "dramatic lighting", "chiaroscuro", "dark", "high contrast"),
    "soft": ("soft light", "soft lighting", "diffuse light", "gentle light"),
    "glow": ("glow", "glowing", "bloom", "lens flare", "warm light"),
    "candle": ("candlelight", "candle", "lamplight", "firelight", "campfire"),
}

FRAMINGS: Table = {
    "close": ("close-up", "close up", "closeup", "face", "headshot", "extreme close-up"),
    "portrait": ("portrait", "bust", "head and shoulders"),
    "upper": ("upper body", "cowboy shot", "medium shot", "half body", "waist up"),
    "full": ("full body", "full-body", "full length", "head to toe"),
    "wide": (
        "wide shot",
        "wide angle",
        "very wide shot",
        "establishing shot",
        "scenery",
        "distant",
    ),
}

ANGLES: Table = {
    "low": ("low angle", "from below", "worm's-eye", "looking up at"),
    "high": ("high angle", "from above", "bird's-eye view", "aerial view", "overhead"),
    "dutch": ("dutch angle", "tilted", "dynamic angle"),
}

STYLES: Table = {
    "pixel": ("pixel art", "pixelart", "8-bit", "16-bit", "pixelated", "sprite"),
    "mono": ("monochrome", "greyscale", "grayscale", "black and white", "manga"),
    "soft": ("watercolor", "watercolour", "painted", "painting", "painterly", "soft painted"),
    "sketch": ("sketch", "lineart", "line art", "line drawing", "pencil"),
    "retro": ("retro", "vintage", "1990s", "90s", "1980s", "sepia", "film grain"),
    "cel": ("cel shading", "cel", "flat color", "thick outlines", "bold lines"),
}

MOODS: Table = {
    "pastel": ("pastel", "pastel colors", "pale", "dreamy", "ethereal"),
    "vivid": ("vivid", "vibrant", "colorful", "vivid colors"),
    "muted": ("muted", "desaturated", "faded", "melancholy", "gloomy", "lonely"),
    "warm": ("warm", "warm colors", "cozy", "nostalgic"),
    "cool": ("cool colors", "cold", "mysterious", "blue theme"),
    "spooky": ("spooky", "halloween", "horror", "eerie"),
}

CUTS: Table = {
    "twintails": ("twintails", "twin tails", "pigtails", "twintail"),
    "ponytail": ("ponytail", "high ponytail", "side ponytail"),
    "braids": ("braids", "braid", "twin braids", "braided hair", "plaits"),
    "bun": ("hair bun", "double bun", "bun", "odango", "updo"),
    "bob": ("bob cut", "bob", "bobbed", "bob hair"),
    "messy": ("messy hair", "messy", "spiky hair", "spiky", "wild hair", "tousled"),
    "curly": ("curly hair", "curly", "wavy hair", "wavy", "drill hair", "curls"),
    "short": ("short hair", "pixie cut"),
    "medium": ("medium hair", "shoulder-length hair", "medium-length hair"),
    "long": ("long hair", "very long hair", "straight hair", "hime cut", "flowing hair"),
}

FACES: Table = {
    "crying": ("crying", "tears", "weeping", "sobbing"),
    "laugh": ("laughing", "open mouth", "laugh", "grin", "excited", "joyful", "cheerful"),
    "smile": ("smile", "smiling", "happy", "gentle smile", "friendly"),
    "sad": ("sad", "frown", "depressed", "sorrow", "worried"),
    "angry": ("angry", "furious", "mad", "glare", "scowl", "annoyed"),
    "surprised": ("surprised", "shocked", "astonished", "wide-eyed"),
    "closed": ("closed eyes", "eyes closed", "sleeping", "praying", "peaceful"),
    "sleepy": ("sleepy", "half-closed eyes", "tired", "drowsy", "bored"),
    "wink": ("wink", "winking", "one eye closed"),
    "shy": ("shy", "embarrassed", "nervous", "flustered"),
    "serious": ("serious", "determined", "expressionless", "calm", "stern", "cool look"),
}

OUTFITS: Table = {
    "sailor": ("sailor uniform", "serafuku", "sailor", "sailor collar"),
    "uniform": ("school uniform", "uniform", "blazer", "schoolgirl", "school boy", "student"),
    "hoodie": ("hoodie", "hooded sweatshirt", "hood", "tracksuit", "sweatshirt"),
    "kimono": ("kimono", "yukata", "hakama", "miko", "haori", "samurai"),
    "armour": ("armour", "armor", "knight", "breastplate", "warrior", "paladin"),
    "coat": ("coat", "winter coat", "raincoat", "trench coat", "overcoat", "winter clothes"),
    "jacket": ("jacket", "leather jacket", "bomber jacket"),
    "maid": ("maid", "apron", "maid dress", "waitress"),
    "suit": ("suit", "business suit", "tuxedo", "necktie"),
    "sweater": ("sweater", "cardigan", "turtleneck", "pullover", "jumper"),
    "cloak": ("cloak", "cape", "robe", "wizard", "mage", "witch"),
    "idol": ("idol", "frills", "stage costume", "magical girl", "singer"),
    "gown": ("gown", "princess", "ball gown", "wedding dress", "long dress", "queen"),
    "dress": ("dress", "sundress", "one-piece dress"),
    "shirt": ("shirt", "t-shirt", "blouse", "casual clothes", "jeans", "shorts", "skirt"),
    "pajamas": ("pajamas", "pyjamas", "sleepwear"),
    "spacesuit": ("spacesuit", "astronaut", "pilot suit", "plugsuit", "mecha pilot"),
}

BOTTOMS: Table = {
    "jeans": ("jeans", "denim jeans"),
    "pants": ("pants", "trousers", "slacks", "leggings"),
    "shorts": ("shorts", "short shorts", "bike shorts"),
    "skirt": ("skirt", "miniskirt", "pleated skirt", "plaid skirt"),
}
"""What is worn below the waist, where the outfit itself is not of one piece."""

THINGS: Table = {
    "bench": ("bench", "park bench"),
    "mount fuji": ("mount fuji", "mt fuji", "volcano"),
    "ferris wheel": ("ferris wheel", "amusement park"),
    "windmill": ("windmill",),
    "dragon": ("dragon",),
    "airplane": ("airplane", "plane", "aircraft"),
    "palm tree": ("palm tree", "palm", "tropical"),
    "bridge": ("bridge",),
    "boat": ("boat", "sailboat", "ship", "harbor", "harbour"),
    "stove": ("kitchen", "stove", "cooking"),
    "desk": ("computer", "office", "laptop"),
    "piano": ("piano",),
    "bottles": ("bar", "bottles", "izakaya"),
    "bread": ("bakery", "bread"),
    "bed": ("bed", "bedroom"),
    "christmas tree": ("christmas tree", "christmas"),
    "fountain": ("fountain",),
    "playground": ("playground", "slide", "swing set"),
    "vending machine": ("vending machine",),
    "tent": ("tent", "camping"),
    "car": ("car", "taxi"),
    "bicycle": ("bicycle", "bike"),
    "snowman": ("snowman",),
    "pumpkins": ("pumpkin", "jack-o'-lantern", "halloween"),
    "campfire": ("campfire", "bonfire"),
    "dog": ("dog", "puppy"),
    "sunflowers": ("sunflower", "sunflower field"),
}
"""Things that stand in any place that they are named with."""

POSES: Table = {
    "behind": ("from behind", "back view", "facing away", "looking away", "seen from behind"),
    "sit": ("sitting", "seated", "sits", "sit", "on a bench", "wariza"),
    "kneel": ("kneeling", "seiza", "kneels", "squatting", "crouching"),
    "run": ("running", "runs", "sprinting", "run", "chasing"),
    "walk": ("walking", "walks", "strolling", "walk"),
    "jump": ("jumping", "jumps", "leaping", "jump"),
    "wave": ("waving", "waves", "hand up", "greeting", "wave"),
    "crossed": ("arms crossed", "crossed arms", "folded arms"),
    "hips": ("hands on hips", "hand on hip", "akimbo"),
    "peace": ("peace sign", "v sign", "double peace", "v"),
    "cheer": ("arms up", "cheering", "raised arms", "stretching", "dancing", "banzai"),
    "back": ("arms behind back", "hands behind back"),
    "clasp": ("hands clasped", "own hands together", "praying hands", "hand on chest"),
    "reach": ("reaching", "outstretched arm", "outstretched hand", "pointing"),
    "stand": ("standing", "stands", "stand", "arms at sides", "waiting"),
}

WORN: Table = {
    "umbrella": ("umbrella", "parasol"),
    "witch hat": ("witch hat", "witch", "wizard hat", "pointed hat"),
    "straw hat": ("straw hat", "sun hat"),
    "cap": ("baseball cap", "cap", "beret"),
    "hat": ("hat", "top hat", "fedora"),
    "glasses": ("glasses", "eyeglasses", "spectacles", "eyewear"),
    "ribbon": ("ribbon", "hair ribbon", "bow", "hair bow"),
    "hairband": ("hairband", "headband", "hair ornament", "hairclip"),
    "crown": ("crown", "tiara"),
    "headphones": ("headphones", "headset"),
    "scarf": ("scarf", "muffler"),
    "cat ears": ("cat ears", "nekomimi", "catgirl", "cat girl", "animal ears", "cat ear"),
    "fox ears": ("fox ears", "kitsune", "wolf ears", "fox girl"),
    "bunny ears": ("bunny ears", "rabbit ears", "bunny girl"),
    "horns": ("horns", "demon", "oni", "dragon girl"),
    "wings": ("wings", "angel", "fairy"),
    "tail": ("tail", "cat tail"),
    "sword": ("sword", "katana", "blade"),
    "staff": ("staff", "wand", "scepter"),
    "broom": ("broom", "broomstick"),
    "spear": ("spear", "lance", "halberd"),
    "microphone": ("microphone", "mic"),
    "fan": ("hand fan", "folding fan", "holding fan", "paper fan"),
    "bag": ("bag", "backpack", "schoolbag", "satchel"),
    "book": ("book", "reading", "reads"),
    "cup": ("cup", "tea", "coffee", "drinking", "mug"),
    "phone": ("phone", "smartphone", "cellphone"),
    "bouquet": ("bouquet", "holding flowers", "holding flower"),
    "guitar": ("guitar", "electric guitar"),
    "cat": ("holding cat", "kitten", "with a cat", "black cat"),
    "balloon": ("balloon", "balloons"),
    "earrings": ("earrings", "earring"),
    "choker": ("choker", "necklace", "collar"),
    "eyepatch": ("eyepatch", "eye patch"),
    "halo": ("halo", "angel"),
    "gloves": ("gloves", "mittens"),
    "thighhighs": ("thighhighs", "thigh highs", "stockings", "pantyhose"),
    "boots": ("boots", "knee boots"),
    "freckles": ("freckles",),
    "beard": ("beard", "bearded", "moustache"),
}

AGES: Table = {
    "child": ("child", "little girl", "little boy", "kid", "young child"),
    "elder": ("old man", "old woman", "elderly", "grandmother", "grandfather"),
    "adult": ("adult", "woman", "man", "mature", "lady", "women", "men", "mother", "father"),
    "teen": ("teenager", "teen", "young"),
}

TABLES: dict[str, Table] = {
    "place": PLACES,
    "time": TIMES,
    "weather": WEATHER,
    "season": SEASONS,
    "light": LIGHTS,
    "framing": FRAMINGS,
    "angle": ANGLES,
    "style": STYLES,
    "mood": MOODS,
    "cut": CUTS,
    "face": FACES,
    "outfit": OUTFITS,
    "bottom": BOTTOMS,
    "pose": POSES,
    "worn": WORN,
    "age": AGES,
    "thing": THINGS,
}

CAMERAS: Table = {
    "shake": ("camera shake", "shaky camera", "handheld", "handheld camera", "earthquake"),
    "fixed": ("static camera", "static shot", "fixed camera", "still camera", "locked camera"),
    "zoom out": ("zoom out", "zooms out", "zooming out", "pulls back", "pull back", "dolly out"),
    "zoom in": ("zoom in", "zooms in", "zooming in", "push in", "pushes in", "dolly in", "zoom"),
    "tilt up": ("tilt up", "tilts up", "tilting up", "camera moves up"),
    "tilt down": ("tilt down", "tilts down", "tilting down", "camera moves down"),
    "pan left": ("pan left", "pans left", "panning left", "pan to the left", "pans to the left"),
    "pan right": (
        "pan right",
        "pans right",
        "panning right",
        "pan",
        "pans",
        "panning",
        "tracking shot",
        "camera movement",
        "moving camera",
    ),
}
"""What the camera of a clip does."""

ACTIONS: Table = {
    "talk": ("talking", "speaking", "talks", "speaks", "singing", "sings", "shouting"),
    "look around": ("looks around", "looking around", "turns her head", "turns his head", "nods"),
    "blink": ("blinking", "blinks"),
    "sway": (
        "hair sways",
        "hair swaying",
        "swaying hair",
        "flowing hair",
        "hair blowing",
        "swaying",
        "sways",
    ),
    "move": (
        "moving",
        "moves",
        "motion",
        "in motion",
        "lively movement",
        "animated",
        "fluid movement",
        "dynamic",
    ),
}
"""What people in a clip do beside their pose."""

SOUNDS: Table = {
    "voice": (
        "talking",
        "speaking",
        "talks",
        "speaks",
        "singing",
        "sings",
        "says",
        "voice",
        "speech",
        "dialogue",
        "song",
        "laughing",
    ),
    "waves": ("sound of waves", "waves", "surf"),
    "wind": ("howling wind",),
    "shout": ("shouting", "shouts", "screaming", "screams"),
    "whisper": ("whispering", "whispers", "whisper"),
    "loud": ("loud", "loudly", "explosion", "roaring"),
    "quiet": ("quiet", "quietly", "faint sound"),
    "no music": ("musicless",),
    "silent": ("silent", "silence", "muted", "soundless", "audioless"),
}
"""What a clip with sound lets hear, beside the weather and the place."""

CLIP_TABLES: dict[str, Table] = {"camera": CAMERAS, "action": ACTIONS, "sound": SOUNDS}
"""The tables of words that only a clip can show."""

LANDMARKS = ("lighthouse", "waterfall", "train", "island", "bamboo")
"""Things that a place of their own shows beside what it always shows."""

PERSON = (
    r"girls?|boys?|wom[ae]n|m[ae]n|lady|character|person|people|child|children|kids?"
    r"|students?|friends?|couple"
)
MALE = frozenset({"boy", "boys", "man", "men", "grandfather", "king", "prince", "father"})
ROLES = (
    "heroine|witch|princess|idol|maid|schoolgirl|she|knight|warrior|wizard|mage|angel|demon|miko"
    "|astronaut|pilot|samurai|ninja|queen|king|prince|catgirl|singer|hero|he|grandmother"
    "|grandfather|mother|father|elf|fairy|waitress|nekomimi|teenager"
)
PLURALS = {"girls": 2, "boys": 2, "people": 2, "women": 2, "men": 2, "friends": 2, "couple": 2}
PLURALS |= {"children": 2, "kids": 2, "students": 2}
NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "solo": 1, "multiple": 3, "many": 3}
