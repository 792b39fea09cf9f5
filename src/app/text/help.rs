//! Words of the page "Help". Answers say what the program does, with the numbers of the method's sources.

pub const TITLE: &str = "Help";
pub const LEAD: &str = "Short answers. Where the page can tell your own case, it does so first.";

pub const GPU: &str = "WebGPU does not work here. Why?";
pub const GPU_LEAD: &str = "Training then runs on the CPU: slower, with the same results. There are four causes.";
/// Cause, what to do; in the order of the check.
pub const GPU_CAUSES: [(&str, &str); 4] = [
    (
        "The page is not secure",
        "Browsers offer WebGPU over https and from localhost only. Open the page by https, or, if you serve it \
         yourself, as http://localhost.",
    ),
    (
        "The browser has no WebGPU",
        "Use a recent Chrome or Edge (113 or later), Safari 26, or Firefox 141 on Windows. On Linux, Chrome may need \
         chrome://flags/#enable-unsafe-webgpu and #enable-vulkan.",
    ),
    (
        "No graphics adapter is offered",
        "Turn on hardware acceleration in the browser's settings, update the graphics driver, and restart the browser. \
         In Chrome, chrome://gpu names the reason. A virtual machine or remote desktop often has no adapter. An adapter \
         that software emulates is not used by itself: the CPU is faster.",
    ),
    (
        "The device was lost",
        "The driver restarted, memory ran out, or the computer slept. Press Restart; if it happens again, choose a smaller \
         batch, width or image size.",
    ),
];
pub const THIS_BROWSER: &str = "This browser:";
pub const NOT_SECURE: &str = "the page is not secure, so WebGPU is off.";
pub const NO_API: &str = "it has no WebGPU.";
pub const HAS_API: &str = "it has WebGPU. Whether an adapter stands behind it shows on the page Pre-train.";

pub const PRIVACY: &str = "Privacy";
pub const PRIVACY_TEXT: [&str; 3] = [
    "Your images, the encoder and every result stay on this device. Nothing is uploaded, there is no account, no cookie \
     and no measurement of visitors.",
    "Once the program has loaded, the page needs no network. The browser looks for a new version when you open the page. There is \
     one exception that you choose yourself: where \
     you press Fetch from the Hub, it asks the Hugging Face Hub, or the host named below the button, for the published weights of \
     a network. That host then learns your network address and which weights you want, and nothing else. The page's own security policy lets it reach no \
     other site, with or without that button.",
    "A link to settings holds settings only. This browser keeps every run, its weights and measurements, so that it can go \
     on after a crash or a closed tab (images only where you ask for it at the page Runs); weights that you fetched; how far \
     you are in the lessons; and the program itself, for use offline.",
];

pub const QUESTIONS: &str = "Questions people ask";
/// Question, answer.
pub const ANSWERS: [(&str, &str); 15] = [
    (
        "Can I use it offline?",
        "Yes, once the foot of the page says so: the browser then keeps the whole program. When there is a new version, the page \
         offers it. Delete everything stored removes the program too, until the next visit.",
    ),
    (
        "Is my loss good?",
        "Read it between its two lines. Chance, ln(2N − 1), is the loss when all views look alike; the floor is the least \
         that this batch size and temperature allow, and it is not 0. A loss near its floor is a success, not a failure. \
         Losses of different batch sizes or temperatures cannot be compared; Google's code reports twice this value.",
    ),
    (
        "How do I use my own images?",
        "On the page Images choose a folder with one sub-folder for each class, a zip of it, or images with a labels.csv \
         (file,label). Images without labels work too: pre-training needs none. Some labels are needed only to measure \
         the result.",
    ),
    (
        "Which temperature, batch size and epochs for 5 000 images?",
        "Temperature 0.5 up to 48 pixels and 0.1 above, batch 128, 100 epochs: the balanced preset sets all three. More \
         epochs help longer than anything else you can change.",
    ),
    (
        "Why did a bigger batch make it worse?",
        "The learning rate has to grow with it: 0.075 · √N for LARS. Here it follows the batch until you change the rate \
         yourself. A bigger batch also makes fewer steps an epoch, so give it more epochs.",
    ),
    (
        "Why are the labels all 0?",
        "In many programs the loss is written as a choice among 2N − 1 candidates, and 0 is the place of the right one, the \
         other view of the same image. It is no class: NT-Xent knows no classes, and two images of one class in a batch are \
         negatives of each other.",
    ),
    (
        "h or z: which do I use afterwards?",
        "h, the encoder's features. z, after the projection head, has thrown away what the augmentations change, and does \
         worse by over 10 points. The download holds the encoder that gives h.",
    ),
    (
        "Is gradient accumulation a bigger batch?",
        "No. It adds no negatives: each small batch is still compared only within itself.",
    ),
    (
        "How do I export the encoder and load it elsewhere?",
        "Download encoder saves encoder.safetensors, with weights named as in PyTorch, and encoder.json with the whole \
         configuration. Build the network that the configuration names and load the weights with the safetensors library.",
    ),
    (
        "Is the input in [0, 1] or normalised?",
        "In [0, 1], RGB, without a mean or deviation taken out; published networks have their own taken out, which \
         Pre-train and the model card name. Feed the encoder the same.",
    ),
    (
        "What does contrastive accuracy mean?",
        "How often a view's partner is the most similar of all 2N − 1 other views in the batch. It says that training \
         works, not that the encoder is good: harder augmentations lower it and often give the better encoder.",
    ),
    (
        "And the entropy that some programs plot?",
        "How evenly the loss spreads its attention over the candidates: high at the start, lower as partners stand out. \
         Loss and accuracy say the same, so it is not shown here.",
    ),
    (
        "Which images are used for what?",
        "Your images are split into training, validation and test, 60, 20 and 20 percent, drawn evenly over classes. \
         Pre-training sees the training images only; kNN accuracy during training is measured on validation images. \
         Linear evaluation runs after training on the frozen encoder: it is chosen on validation, and test images are used \
         once.",
    ),
    (
        "Was it better than a random encoder?",
        "Linear evaluation shows the same encoder with its weights from before the first step, and raw pixels, beside yours. \
         An untrained network is a surprisingly strong rival: only the difference counts.",
    ),
    (
        "Was it better than training from scratch with the same labels?",
        "The page Fine-tune answers it: beside your encoder it trains the same network from random weights with the same labels \
         and the same budget, and a linear classifier on the frozen encoder.",
    ),
];
